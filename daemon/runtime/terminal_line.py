"""The last line of a terminal: it shows the progress, renews itself, and stays below the log."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from typing import TextIO

from rich.cells import cell_len, set_cell_size

from daemon.files.text import printable

_ERASE = "\r\x1b[K"
"""Control characters: back to the beginning of the line, and erase it."""


class TerminalLine:
    """A line on a terminal, and the lines above it. Any thread may write."""

    def __init__(self, stream: TextIO | None = None) -> None:
        """Show no line yet; the stream is standard error unless another is given."""
        self._given = stream
        self._lock = threading.Lock()
        self._shown = ""
        self.is_enabled = False
        """Whether the line is shown: only where there is a terminal, and a person who reads it."""

    def show(self, text: str) -> None:
        """Show a text in place of the one before; an empty one shows nothing."""
        with self._lock:
            line = _cropped(printable(text), self._columns()) if self.is_enabled else ""
            if line != self._shown:
                self._shown = line
                self._write(_ERASE + line)

    def write_above(self, message: str) -> None:
        """Write a whole line, such as one of the log, above the one that is shown, also by another process."""
        with self._lock:
            self._write(f"{_ERASE}{message}\n{self._shown}" if self.is_enabled else f"{message}\n")

    @property
    def _stream(self) -> TextIO:
        return self._given or sys.stderr

    def _columns(self) -> int:
        try:
            columns = os.get_terminal_size(self._stream.fileno()).columns
        except OSError:
            columns = 0
        return (columns or 80) - 1  # a terminal that does not know its size has 0 columns

    def _write(self, text: str) -> None:
        with suppress(OSError):  # a full disk, or a reader that has gone, must not stop the service
            self._stream.write(text)
            self._stream.flush()


def _cropped(line: str, columns: int) -> str:
    """The part of a line that fits; a line that is broken could not be erased."""
    return line if cell_len(line) <= columns else set_cell_size(line, columns).rstrip()
