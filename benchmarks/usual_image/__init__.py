"""The usual service, as most public ones are written, and the image that is usually made of it."""
