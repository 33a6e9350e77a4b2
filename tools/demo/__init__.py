"""The recipe behind models/demo: pictures drawn without end, captions in the labels' words, a small CLIP trained on both."""
