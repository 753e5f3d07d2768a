"""The worker process: a job in, a finished temporary file or a reason out. A codec that crashes takes only it down."""

from __future__ import annotations

import multiprocessing
import signal
import time
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Literal

from colorizer.errors import InColourError, TintdError, TruncatedError, UnsupportedError
from colorizer.job import Job
from colorizer.report import Report
from colorizer.settings import ColourSettings

_TELL = 0.5
"""Seconds between two messages of progress."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The weights are loaded; jobs may come."""

    weights: dict[ColourSettings, str]
    """Hash of the weights that each of the colour settings names."""


@dataclass(frozen=True, slots=True)
class Unfit:
    """The worker cannot start: weights or device are not as configured."""

    reason: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a film is."""

    done: int
    frames: int
    """In all; 0 where that is unknown."""


@dataclass(frozen=True, slots=True)
class Done:
    """A job's result lies complete at its target."""

    report: Report


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """There was nothing to do: the original is in colour already."""

    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A job could not be done."""

    why: Literal["unsupported", "truncated", "failed"]
    reason: str
    """One line, for the person who dropped the file."""
    trace: str = ""
    """Where in the code, for an error that nobody foresaw."""


@dataclass(frozen=True, slots=True)
class Died:
    """The worker is gone, and with it the job that it had."""

    reason: str


Message = Ready | Unfit | Progress | Done | LeftAlone | Failed | Died


class Worker:
    """A worker process, as its parent sees it."""

    def __init__(self, colours: tuple[ColourSettings, ...]) -> None:
        """Start the process, which loads the weights that these settings name."""
        spawning = multiprocessing.get_context("spawn")
        self.connection, theirs = spawning.Pipe()
        self._process = spawning.Process(target=_work, args=(theirs, colours), name="tintd worker", daemon=True)
        self._process.start()
        theirs.close()

    @property
    def pid(self) -> int | None:
        """Of the process."""
        return self._process.pid

    def give(self, job: Job) -> None:
        """Hand over a job. A worker takes one at a time."""
        self.connection.send(job)

    def listen(self, timeout: float) -> Message | None:
        """The worker's next message, if one comes in time."""
        try:
            if not self.connection.poll(timeout):
                return None
            message: Message = self.connection.recv()
        except (EOFError, OSError):
            return self._obituary()
        return message

    def stop(self) -> None:
        """End the process at once, whatever it does."""
        self._process.kill()
        self._process.join()
        self.connection.close()

    def _obituary(self) -> Died:
        self._process.join()
        code = self._process.exitcode or 0
        if code == -signal.SIGKILL:
            return Died("the worker was killed (SIGKILL): often the system ran out of memory")
        if code < 0:
            return Died(f"the worker crashed ({signal.Signals(-code).name}) on this file")
        return Died(f"the worker ended (exit status {code}) on this file")


def _work(connection: Connection, colours: tuple[ColourSettings, ...]) -> None:
    """The process itself: load the weights, then do jobs until the parent closes the connection."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    from colorizer.colorization import open_colorist, weights_path  # noqa: PLC0415 (torch stays in this process)
    from colorizer.weights import weights_hash  # noqa: PLC0415

    try:
        for settings in colours:
            open_colorist(settings)
        hashes = {settings: weights_hash(weights_path(settings)) for settings in colours}
    except TintdError as error:
        connection.send(Unfit(str(error)))
        return
    connection.send(Ready(hashes))
    while True:
        try:
            job = connection.recv()
        except EOFError:
            return
        connection.send(_do(job, connection))


def _do(job: Job, connection: Connection) -> Done | LeftAlone | Failed:
    from colorizer.colorization import colorize  # noqa: PLC0415

    try:
        return Done(colorize(job, _Teller(connection)))
    except InColourError as found:
        return LeftAlone(str(found))
    except UnsupportedError as error:
        return Failed("unsupported", str(error))
    except TruncatedError as error:
        return Failed("truncated", str(error))
    except TintdError as error:
        return Failed("failed", str(error))
    except Exception as error:  # noqa: BLE001 (a bad file hurts only itself)
        said = " ".join(str(error).split())
        return Failed("failed", f"{job.source.name}: {type(error).__name__}: {said}", traceback.format_exc())


class _Teller:
    """Passes progress on, not too often."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._told = 0.0

    def __call__(self, done: int, frames: int) -> None:
        now = time.monotonic()
        if now - self._told >= _TELL:
            self._told = now
            self._connection.send(Progress(done, frames))
