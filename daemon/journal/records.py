"""What the journal knows of a job, and of its results."""

from __future__ import annotations

import json
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from daemon.files.identity import Identity, Result

State = Literal["queued", "running", "done", "failed", "skipped"]
STATES: tuple[State, ...] = ("running", "queued", "failed", "skipped", "done")
"""All of them, in the order in which people ask for them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A job as the journal knows it."""

    id: int
    folder: Path
    path: Path
    """Inside the folder."""
    identity: Identity
    seen: float
    """Since when it has been known with this identity, in seconds since the epoch."""
    state: State
    attempts: int
    due: float
    frames_done: int
    frames: int
    reason: str | None
    output: Path | None
    seconds: float | None
    settings: str | None
    weights: str | None
    notes: tuple[str, ...]

    @property
    def source(self) -> Path:
        """The original."""
        return self.folder / self.path


@dataclass(frozen=True, slots=True)
class Making:
    """How a result was made."""

    settings: str
    """Hash of the settings."""
    weights: str
    """Hash of the weights."""
    seconds: float
    notes: tuple[str, ...] = ()
    """What could not be kept, and the like."""


def entry_of(row: sqlite3.Row) -> Entry:
    """Read a row of the table of jobs."""
    return Entry(
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
    )


def result_of(row: sqlite3.Row, which: Literal["output", "coming"]) -> Result | None:
    """Read the result that a job published, or that it announced."""
    if row[which] is None:
        return None
    identity = Identity(row[f"{which}_size"], row[f"{which}_mtime_ns"], row[f"{which}_inode"] or 0)
    return Result(Path(os.fsdecode(row[which])), identity)
