"""Measures a model's accuracy on photos: `make accuracy`. Needs the Hugging Face hub and the data sets' servers."""
