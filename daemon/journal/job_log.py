"""The log of a job: the lines of the service's log that are about it, kept with its attempts and deleted with them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from daemon.files.text import storable
from daemon.journal.database import Database

MOST_LINES = 40
"""Lines of one attempt; the latest are kept."""
MOST_CHARACTERS = 32_768
"""Characters of all lines of one attempt, as they are stored."""
_LONGEST = 8000
"""Characters of one value; of a longer one the end is kept, for a traceback says there what was wrong."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the log. The time is in seconds since the epoch."""

    at: float
    level: str
    event: str
    details: Mapping[str, Any]
    """What the line says beside the event: plain data."""

    @classmethod
    def of_entry(cls, at: float, entry: Mapping[str, Any]) -> LogLine:
        """The line of an entry of the service's log that names its job and its file."""
        details = {name: value for name, value in entry.items() if name not in {"event", "level", "job", "file"}}
        return cls(at, str(entry["level"]), str(entry["event"]), details)


class JobLog:
    """The lines that the journal keeps."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, lines: Iterable[tuple[int, LogLine]]) -> None:
        """Keep lines, each with its job, with the attempt that had begun last; a power cut may undo it."""
        with self._db.quick_transaction():
            for job, line in lines:
                self._add(job, line)

    def _add(self, job: int, line: LogLine) -> None:
        row = self._db.execute(
            "SELECT id, log FROM attempts WHERE job = ? AND begun <= ? ORDER BY id DESC LIMIT 1", (job, line.at)
        ).fetchone()
        if row is None:
            return
        kept = [*json.loads(row["log"]), asdict(line) | {"details": _plain(line.details)}][-MOST_LINES:]
        while len(text := json.dumps(kept)) > MOST_CHARACTERS and len(kept) > 1:
            kept.pop(0)
        self._db.execute("UPDATE attempts SET log = ? WHERE id = ?", (text, row["id"]))


def read_lines(text: str) -> tuple[LogLine, ...]:
    """Read the lines of an attempt as they are stored."""
    return tuple(LogLine(**line) for line in json.loads(text))


def _plain(value: Any) -> Any:  # noqa: ANN401 (what a line of the log may say)
    """A value as plain data that can be stored, no text of it too long."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    text = storable(str(value)) or ""
    return text if len(text) <= _LONGEST else f"… {text[-_LONGEST:]}"
