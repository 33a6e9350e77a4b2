"""Train models/demo: generated drawings, captions in the words of the labels, and a small CLIP trained on both."""
