"""A job: one file to colour. All that it needs is named in it: any process can do it, on any machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from colorizer.settings import JobSettings


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a film, in seconds from its beginning."""

    start: float = 0.0
    length: float | None = None
    """None: to the end."""


@dataclass(frozen=True, slots=True)
class Job:
    """One file to colour."""

    source: Path
    """The original, which is only read."""
    target: Path
    """A file that the result is written to, whole or not; publishing it is the caller's part."""
    workspace: Path
    """A folder for what is needed meanwhile; made where it is missing, and left to the caller."""
    settings: JobSettings
    piece: Piece | None = None
    """Which part of a film, else all of it."""
    compare: bool = False
    """Whether the result shows grey and colour side by side."""
