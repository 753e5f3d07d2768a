"""Inside a worker process, where torch and av are: a job in, a finished temporary file or a reason out."""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import psutil

from colorizer.durable import UNWRITABLE, sync_file
from colorizer.errors import InColourError, TintdError, TruncatedError, UnsupportedError
from colorizer.job import Job
from colorizer.report import Report
from colorizer.settings import ColourSettings
from daemon.workers.duplicate_check import Twin
from daemon.workers.messages import Begun, Done, Failed, LeftAlone, Outfit, Progress, Ready, Same, Unfit

_TELL = 0.5
"""Seconds between two messages of progress."""
_FIRST_TO_GO = 500
"""What is added to the worker's share when the kernel looks for whom to kill: rather a worker than the service."""
_PARENT_DEATH = 1  # PR_SET_PDEATHSIG of linux/prctl.h


def work(connection: Connection, outfit: Outfit) -> None:
    """Load the weights, then do jobs until the parent closes the connection."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # they reach the whole group; the parent decides
    _go_with_parent()
    _give_way(outfit)
    from colorizer.engine import open_colorist  # noqa: PLC0415 (torch stays in this process)
    from colorizer.model.device import cuda_devices  # noqa: PLC0415

    try:
        hashes = {settings: open_colorist(_placed(settings, outfit)).weights for settings in outfit.colours}
    except TintdError as error:
        connection.send(Unfit(str(error)))
        return
    connection.send(Ready(hashes, cuda_devices()))
    while True:
        try:
            jobs, twin = connection.recv()
        except EOFError:
            return
        for message in _do([_placed_job(job, outfit) for job in jobs], twin, connection):
            connection.send(message)


def _do(jobs: list[Job], twin: Twin | None, connection: Connection) -> Iterator[Done | Same | LeftAlone | Failed]:
    from colorizer.engine import colorize, colorize_together  # noqa: PLC0415

    teller = _Teller(connection)
    if len(jobs) > 1:
        for number, outcome in colorize_together(jobs, teller.turn_to, teller):
            yield _told(number, jobs[number], outcome)
        return
    teller.turn_to(0)
    if twin is not None and twin.serves(jobs[0], teller):
        yield Same(0)
        return
    try:
        outcome = colorize(jobs[0], teller)
    except Exception as error:  # noqa: BLE001 (a bad file hurts only itself)
        outcome = error
    yield _told(0, jobs[0], outcome)


def _told(number: int, job: Job, outcome: Report | Exception) -> Done | LeftAlone | Failed:
    """What became of a job, for the service; a result's bytes are on the disk before it is told of."""
    if isinstance(outcome, Report):
        try:
            sync_file(job.target)
        except OSError as error:
            outcome = error
    match outcome:
        case Report():
            return Done(number, outcome)
        case InColourError():
            return LeftAlone(number, str(outcome))
        case UnsupportedError():
            return Failed(number, "unsupported", str(outcome))
        case TruncatedError():
            return Failed(number, "truncated", str(outcome))
        case TintdError():
            return Failed(number, "failed", str(outcome))
    said = " ".join(str(outcome).split())
    reason = f"{job.source.name}: {type(outcome).__name__}: {said}"
    unwritten = isinstance(outcome, OSError) and outcome.errno in UNWRITABLE
    trace = "" if unwritten else "".join(traceback.format_exception(outcome))
    return Failed(number, "unwritten" if unwritten else "failed", reason, trace)


class _Teller:
    """Says at which job the worker is, and passes its progress on, not too often."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._number = 0
        self._told = 0.0

    def turn_to(self, number: int) -> None:
        self._number = number
        self._connection.send(Begun(number))

    def __call__(self, done: int, frames: int) -> None:
        now = time.monotonic()
        if now - self._told >= _TELL:
            self._told = now
            self._connection.send(Progress(self._number, done, frames))


def _placed(settings: ColourSettings, outfit: Outfit) -> ColourSettings:
    """The settings with this worker's own device where they leave it open."""
    if outfit.device is None or settings.device != "auto":
        return settings
    return settings.model_copy(update={"device": outfit.device})


def _placed_job(job: Job, outfit: Outfit) -> Job:
    return replace(job, settings=job.settings.model_copy(update={"colour": _placed(job.settings.colour, outfit)}))


def _go_with_parent() -> None:
    """Die with the service, however it ends: its successor must find nobody at its jobs."""
    if sys.platform == "linux":  # the kernel does it even where this process is stopped
        ctypes.CDLL(None).prctl(_PARENT_DEATH, signal.SIGKILL)
    threading.Thread(target=_follow, args=(multiprocessing.parent_process(),), daemon=True).start()


def _follow(parent: multiprocessing.process.BaseProcess | None) -> None:
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGKILL)


def _give_way(outfit: Outfit) -> None:
    """Let others go first: processor, disk, and the kernel's search for memory."""
    if outfit.nice:
        os.nice(outfit.nice)
    if sys.platform != "linux":
        return
    if outfit.io == "low":
        psutil.Process().ionice(psutil.IOPRIO_CLASS_BE, 7)
    elif outfit.io == "idle":
        psutil.Process().ionice(psutil.IOPRIO_CLASS_IDLE)
    adjustment = Path("/proc/self/oom_score_adj")
    with contextlib.suppress(OSError, ValueError):
        adjustment.write_text(str(min(1000, int(adjustment.read_text()) + _FIRST_TO_GO)))
