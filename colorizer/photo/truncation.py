"""Whether a photograph's file has its end: decoders seldom tell what is cut off from what is damaged."""

from __future__ import annotations

import os
from pathlib import Path

from colorizer.photo.formats import PhotoFormat

_TAIL = 1024
_END_OF_CODESTREAM = b"\xff\xd9"
"""Of JPEG 2000, whose packets never hold it (ISO/IEC 15444-1, A.4.4); metadata may follow."""


def photo_breaks_off(path: Path, name: PhotoFormat) -> bool:
    """Whether a photograph's file lacks its end; False where the format says nothing of it."""
    with path.open("rb") as file:
        start = file.read(128)
        size = file.seek(0, os.SEEK_END)
        file.seek(-min(size, _TAIL), os.SEEK_END)
        tail = file.read()
    if name == "png":
        return b"IEND" not in tail
    if name == "gif":
        return not tail.rstrip(b"\0").endswith(b";")
    if name == "webp":
        return size < 8 + int.from_bytes(start[4:8], "little")
    if name == "pcx":
        return _lacks_palette(start, tail)
    return name == "jp2" and _END_OF_CODESTREAM not in path.read_bytes()


def _lacks_palette(start: bytes, tail: bytes) -> bool:
    """Whether a PCX of one plane of 8 bits that is not grey has no palette behind its samples."""
    has_palette = start[3] == 8 and start[65] == 1 and start[68] != 2
    return has_palette and tail[-769:-768] != b"\x0c"
