"""Refuses AVIF and HEIC files whose content is larger than their header says. `check_coded_size` is all of its API."""

from function.images.heif_guard.coded_size import check_coded_size

__all__ = ["check_coded_size"]
