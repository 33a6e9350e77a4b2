"""Rejects AVIF and HEIC files whose content is larger than their header declares. Call `check_coded_size`."""

from function.images.heif_guard.coded_size import check_coded_size

__all__ = ["check_coded_size"]
