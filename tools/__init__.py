"""Command-line tools of the developers; none is in the image."""
