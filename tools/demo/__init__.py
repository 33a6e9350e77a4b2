"""The recipe behind models/demo: drawings without end, captions in the labels' words, a small CLIP trained on both."""
