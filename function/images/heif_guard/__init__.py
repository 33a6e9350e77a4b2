"""Rejects AVIF and HEIC files whose content is larger than their header declares."""
