"""What the service and its workers say to each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from colorizer.report import Report
from colorizer.settings import ColourSettings

Why = Literal["unsupported", "truncated", "unwritten", "failed"]
"""unwritten: the disk of the results is full, or read-only."""


@dataclass(frozen=True, slots=True)
class Outfit:
    """What a worker is given at its start."""

    colours: tuple[ColourSettings, ...]
    """Whose weights it loads."""
    device: str | None = None
    """The one that `auto` means for it; None: the first that there is."""
    nice: int = 0
    io: Literal["normal", "low", "idle"] = "normal"


@dataclass(frozen=True, slots=True)
class Ready:
    """The weights are loaded; jobs may come."""

    weights: dict[ColourSettings, str]
    """Hash of the weights that each of the colour settings names."""
    devices: tuple[str, ...] = ()
    """All that `auto` may mean here, where it is more than one."""


@dataclass(frozen=True, slots=True)
class Unfit:
    """The worker cannot start: weights or device are not as configured."""

    reason: str


@dataclass(frozen=True, slots=True)
class Begun:
    """The worker turns to one of the jobs that it was given together."""

    number: int
    """Of the job among them."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a film is."""

    number: int
    done: int
    frames: int
    """In all; 0 where that is unknown."""


@dataclass(frozen=True, slots=True)
class Done:
    """A job's result lies complete at its target, flushed to the disk."""

    number: int
    report: Report


@dataclass(frozen=True, slots=True)
class Same:
    """A job's original is a duplicate of the twin that was named; a result that is wanted lies at its target."""

    number: int


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """There was nothing to do: the original is in colour already."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A job could not be done."""

    number: int
    why: Why
    reason: str
    """One line, for the person who dropped the file."""
    trace: str = ""
    """Where in the code, for an error that nobody foresaw."""


@dataclass(frozen=True, slots=True)
class Died:
    """The worker is gone, and with it what it had."""

    reason: str
    signal: str | None = None
    """That ended it."""


Message = Ready | Unfit | Begun | Progress | Done | Same | LeftAlone | Failed | Died
