"""Files that are read from their beginning to their end."""

from __future__ import annotations

import os
from typing import BinaryIO


def read_ahead(file: BinaryIO) -> None:
    """Tell the system that a file will be read from its beginning to its end, so that it reads more ahead."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
