"""What the journal stores, as values: jobs, attempts, results, and files that become jobs."""

from __future__ import annotations

import json
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from daemon.files.identity import Identity, Result
from daemon.journal.job_log import LogLine, read_lines
from daemon.journal.states import Outcome, State


@dataclass(frozen=True, slots=True)
class JobRecord:
    """One job. Times are in seconds since the epoch."""

    id: int
    folder: Path
    path: Path
    """The original's path inside the folder."""
    identity: Identity
    seen: float
    """When the file was first seen with this identity."""
    state: State
    attempts: int
    due: float
    frames_done: int
    frames: int
    """The number of frames in all; 0 where it is unknown."""
    reason: str | None
    output: Path | None
    seconds: float | None
    settings: str | None
    """The hash of the settings that made the result."""
    weights: str | None
    """The hash of the weights that made the result."""
    notes: tuple[str, ...]
    interruptions: int = 0
    """The number of attempts that the end of the service ended."""
    existing: Path | None = None
    """A file that was found under the name of the result, and may be the result."""
    choice: str | None = None
    """The settings that a person chose for the file, as JSON (see daemon/config/colour_choice.py)."""
    read: float | None = None
    """The share that was read, 0..1, of a film that is read through before it is coloured; None where it is not."""

    @property
    def source(self) -> Path:
        """The original."""
        return self.folder / self.path


@dataclass(frozen=True, slots=True)
class IncomingFile:
    """A complete file, as it enters the journal."""

    folder: Path
    """The watched folder."""
    path: Path
    """The path inside the folder."""
    identity: Identity
    fingerprint: str
    """The hash of the content."""
    is_film: bool = False
    """Whether `order: photos` puts the file behind the photographs."""


@dataclass(frozen=True, slots=True)
class ResultMetadata:
    """How a result was made."""

    settings: str
    """The hash of the settings."""
    weights: str
    """The hash of the weights."""
    seconds: float
    notes: tuple[str, ...] = ()
    """What a person should know about the result, such as what could not be kept."""


@dataclass(frozen=True, slots=True)
class AttemptEnd:
    """How an attempt ended."""

    outcome: Outcome
    reason: str | None = None
    signal: str | None = None
    """The signal that ended the worker."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a job. Times are in seconds since the epoch."""

    job: int
    source: Path
    number: int
    """The attempt's number within the job, from 1."""
    begun: float
    ended: float | None
    worker: str
    outcome: Outcome | None
    """The outcome; None while the attempt goes on."""
    reason: str | None
    signal: str | None
    """The signal that ended the worker."""
    log: tuple[LogLine, ...] = ()
    """The lines of the service's log that are about it, the earliest first."""


def job_of(row: sqlite3.Row) -> JobRecord:
    """Read a row of the table of jobs."""
    return JobRecord(
        id=row["id"],
        folder=Path(os.fsdecode(row["folder"])),
        path=Path(os.fsdecode(row["path"])),
        identity=Identity(row["size"], row["mtime_ns"], row["inode"]),
        seen=row["seen"],
        state=row["state"],
        attempts=row["attempts"],
        due=row["due"],
        frames_done=row["frames_done"],
        frames=row["frames"],
        reason=row["reason"],
        output=Path(os.fsdecode(row["output"])) if row["output"] is not None else None,
        seconds=row["seconds"],
        settings=row["settings"],
        weights=row["weights"],
        notes=tuple(json.loads(row["notes"])),
        interruptions=row["interruptions"],
        existing=Path(os.fsdecode(row["existing"])) if row["existing"] is not None else None,
        choice=row["choice"],
        read=row["read"],
    )


def attempt_of(row: sqlite3.Row) -> Attempt:
    """Read a row of the table of attempts, joined with the folder and the path of its job."""
    return Attempt(
        job=row["job"],
        source=Path(os.fsdecode(row["folder"])) / os.fsdecode(row["path"]),
        number=row["number"],
        begun=row["begun"],
        ended=row["ended"],
        worker=row["worker"],
        outcome=row["outcome"],
        reason=row["reason"],
        signal=row["signal"],
        log=read_lines(row["log"]),
    )


def result_of(row: sqlite3.Row, which: Literal["output", "coming"]) -> Result | None:
    """Read the result that a job published (`output`) or announced (`coming`)."""
    if row[which] is None:
        return None
    identity = Identity(row[f"{which}_size"], row[f"{which}_mtime_ns"], row[f"{which}_inode"] or 0)
    return Result(Path(os.fsdecode(row[which])), identity)
