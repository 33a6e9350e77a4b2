"""Have the weights read while Python is still importing: a cold start waits for both, one after the other otherwise."""

import os
from pathlib import Path


def read_ahead(folder: Path) -> None:
    """Ask the kernel to read the files of `folder` into memory in the background; a hint, without an error.

    Not what lies in folders below: the text tower is read when somebody wants it.
    """
    if not hasattr(os, "posix_fadvise"):  # macOS
        return
    try:
        paths = [path for path in folder.iterdir() if path.is_file()]
    except OSError:  # whoever opens the folder in earnest says what is wrong with it
        return
    for path in paths:
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)
