"""The fingerprint of a file's content, by which the file is known again, also when it was moved or copied."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from colorizer.originals import fingerprint_of_many, is_of_many_files

_WHOLE = 256 << 20
"""Bytes up to which a file is read whole: a retouched scan has the same size, and other pixels anywhere."""
_SAMPLE = 1 << 20
"""Bytes that are read at a time; of a larger file only one such piece at the beginning, the middle and the end."""


def fingerprint(path: Path) -> str:
    """SHA-256 of the length and the content of a file; of a large one only the first, the middle and the last MiB.

    Of an original of many files, it is that of their names, sizes and times.

    Raises:
        OSError: the file cannot be read.

    """
    if is_of_many_files(path):
        return fingerprint_of_many(path)
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        digest = hashlib.sha256(str(size).encode())
        samples = (0, (size - _SAMPLE) // 2, size - _SAMPLE)
        for start in range(0, size, _SAMPLE) if size <= _WHOLE else samples:
            file.seek(start)
            digest.update(file.read(_SAMPLE))
    return digest.hexdigest()
