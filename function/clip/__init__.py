"""CLIP: pixels and words to unit vectors. Knows nothing of labels, HTTP or AWS."""
