"""Messages between the pool and its worker processes: how a worker is set up, and what it sends back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from colorizer.settings import ColourSettings
from daemon.workers.events import Done, Failed, IsDuplicate, PieceDone, Planned, Progress, Skipped


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """The set-up of a worker."""

    colours: tuple[ColourSettings, ...]
    """Colour settings whose weights it loads."""
    device: str | None = None
    """The device that `auto` means for it; None: the first one."""
    nice: int = 0
    io: Literal["normal", "low", "idle"] = "normal"
    threads: int | None = field(default=None, compare=False)
    """Number of its threads that compute; None: torch's own choice. A new share replaces no worker."""
    may_fork: bool = False
    """Whether it may be a fork of its parent, which starts faster. The parent must have nothing that a fork could harm:
    no journal, no lock, no listening socket."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker has loaded its weights and waits for tasks."""

    weights: Mapping[ColourSettings, str]
    """Hash of the weights that each of the colour settings names."""
    devices: tuple[str, ...] = ()
    """All devices that `auto` may mean here."""


@dataclass(frozen=True, slots=True)
class StartFailed:
    """The worker cannot start: weights or device are not as configured."""

    reason: str


@dataclass(frozen=True, slots=True)
class Started:
    """The worker starts or resumes one of the files in its task."""

    key: int


@dataclass(frozen=True, slots=True)
class Died:
    """The worker process has ended."""

    reason: str
    """What happened, without where: "the worker crashed (SIGSEGV)"."""
    signal: str | None = None
    """Name of the signal that ended it."""

    def describe(self, where: str) -> str:
        """Return a sentence for people: `where` is "on this file", say."""
        hint = ": often the system ran out of memory" if self.signal == "SIGKILL" else ""
        return f"{self.reason} {where}{hint}"


Message = Ready | StartFailed | Started | Progress | Done | IsDuplicate | Skipped | Failed | Planned | PieceDone | Died
