"""A job: one file to colour, with all that a process on any machine needs to do it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from colorizer.originals import OriginalState
from colorizer.settings import JobSettings

ProgressCallback = Callable[[int, int], None]
"""Called often while a job is done, with the frames that are done and all that there are (0 if unknown)."""
ReadCallback = Callable[[float], None]
"""Called often while a film is read through before it is coloured, with the share of it that was read, 0..1."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A part of a film, in seconds from its beginning."""

    start: float = 0.0
    length: float | None = None
    """None for the rest of the film."""


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a film's time in which one worker looks for the beginnings of segments."""

    begin: int | None
    """Time of its first frame, in the stream's time base; None: the film's beginning."""
    end: int | None
    """Time of the first frame after it; None: the film's end."""

    def holds(self, pts: int) -> bool:
        """Whether the frame that is shown at this time belongs to it."""
        return (self.begin is None or pts >= self.begin) and (self.end is None or pts < self.end)


@dataclass(frozen=True, slots=True)
class Part:
    """Neighbouring segments of a film that one worker colours in order, independently of all others."""

    first: int
    """Number of the first segment."""
    end: int
    """Number of the segment after the last one."""
    frames: int


@dataclass(frozen=True, slots=True)
class Job:
    """One file to colour."""

    source: Path
    """Original, which is only read."""
    target: Path
    """File that the result is written to; publishing it is up to the caller."""
    workspace: Path
    """Folder for intermediate files; made where it is missing, and left to the caller."""
    settings: JobSettings
    excerpt: Excerpt | None = None
    """Part of a film that is coloured; None for all of it."""
    compare: bool = False
    """Whether the result shows grey and colour side by side."""
    original: OriginalState | None = None
    """The state that the original must have, before and after it is coloured; None: any."""

    @property
    def across(self) -> int:
        """Number of pictures that stand side by side in the result."""
        return 2 if self.compare else 1
