"""Many files that libav reads as one, behind a header that no disk holds."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO, NamedTuple

from colorizer.reading import read_ahead


class Piece(NamedTuple):
    """A file, or a part of one."""

    path: Path
    size: int
    """Number of bytes."""
    begin: int = 0
    """The first of them."""


class JoinedFile(io.RawIOBase):
    """A header and the content of files, or parts of files, one after the other.

    A file that is gone, or shorter than it was, is read as zeros from there on, so that the others stay in their
    places: the decoder finds the damage.
    """

    def __init__(self, name: str, header: bytes, files: Sequence[Piece]) -> None:
        """Prepare."""
        super().__init__()
        self.name = name
        self._header = header
        self._files = files
        self._begins = list(accumulate((piece.size for piece in files), initial=len(header)))
        """Where each file begins, and where the last one ends."""
        self._place = 0
        self._open: tuple[Path | None, BinaryIO | None] = (None, None)

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """The present place."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a place."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._begins[-1]}[whence]
        self._place = max(0, base + offset)
        return self._place

    def read(self, size: int = -1, /) -> bytes:
        """Bytes from the present place on, at most up to the end of a file."""
        wanted = self._begins[-1] - self._place if size < 0 else size
        if self._place < len(self._header):
            content = self._header[self._place : self._place + wanted]
        elif self._place >= self._begins[-1]:
            content = b""
        else:
            number = bisect_right(self._begins, self._place) - 1
            wanted = min(wanted, self._begins[number + 1] - self._place)
            content = self._read_file(number, self._place - self._begins[number], wanted).ljust(wanted, b"\0")
        self._place += len(content)
        return content

    def close(self) -> None:
        """Close the file that is open."""
        if self._open[1] is not None:
            self._open[1].close()
        self._open = (None, None)
        super().close()

    def _read_file(self, number: int, offset: int, size: int) -> bytes:
        piece = self._files[number]
        try:
            if self._open[0] != piece.path:
                if self._open[1] is not None:
                    self._open[1].close()
                self._open = (piece.path, None)
                self._open = (piece.path, piece.path.open("rb"))
                read_ahead(self._open[1])
            file = self._open[1]
            if file is None:
                return b""
            file.seek(piece.begin + offset)
            return file.read(size)
        except OSError:
            return b""
