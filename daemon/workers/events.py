"""Events: what an executor reports to the submitter of its tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from colorizer.job import Part, Span
from colorizer.report import Report
from colorizer.settings import ColourSettings

FailureKind = Literal["unsupported", "truncated", "unwritten", "changed", "failed"]
"""unwritten: the disk of the results is full or read-only."""


@dataclass(frozen=True, slots=True)
class WeightsLoaded:
    """A worker has loaded its weights."""

    hashes: Mapping[ColourSettings, str]
    """Hash of the weights that each of the colour settings names."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The position in a film."""

    key: int
    done: int
    """Number of frames coloured so far."""
    frames: int
    """Number of all frames; 0 if it is unknown."""
    resumed: int = 0
    """Number of the done frames that are known to be an earlier attempt's: they say nothing about the speed."""
    read: float | None = None
    """Share that was read, 0..1, of a film that is read through before it is coloured; None where it is not."""


@dataclass(frozen=True, slots=True)
class Done:
    """A result is complete at the target of its job, and on the disk."""

    key: int
    report: Report
    weights: str
    """Hash of the weights by which the file was coloured."""


@dataclass(frozen=True, slots=True)
class IsDuplicate:
    """A file is a duplicate of the coloured one; if a result is wanted, it is at the target."""

    key: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file is in colour already, and the settings leave it alone."""

    key: int
    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A file could not be coloured."""

    key: int
    kind: FailureKind
    reason: str
    """One line, for the person who owns the file."""
    trace: str = ""
    """Python's traceback of an unexpected error."""


@dataclass(frozen=True, slots=True)
class Crashed:
    """The worker died at a file, or was stopped at it."""

    key: int
    reason: str
    signal: str | None = None
    """Name of the signal that ended the worker."""
    is_stopped: bool = False
    """Whether the executor stopped the worker because it exceeded a limit."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A file was not coloured, for no fault of its own: the worker ended at another one."""

    key: int


@dataclass(frozen=True, slots=True)
class Planned:
    """A film is divided into parts; or into spans, at which workers look before it can be planned."""

    key: int
    pieces: tuple[Span, ...] | tuple[Part, ...]
    """Two or more."""


@dataclass(frozen=True, slots=True)
class PieceDone:
    """The segments of a part of a film, or the survey of a span, are in its workspace."""

    key: int


End = Done | IsDuplicate | Skipped | Failed | Crashed | Interrupted | Planned | PieceDone
"""The last event of a key."""

Event = WeightsLoaded | Progress | End
