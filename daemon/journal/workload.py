"""The work that waits, and how fast the latest work was done, as far as the journal knows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from daemon.journal.schema import PENDING

_LATEST = 500
"""Number of finished files that are looked at."""


@dataclass(frozen=True, slots=True)
class Workload:
    """Bytes of originals. Films and photographs are apart: a byte of a film takes much more time."""

    waiting: Mapping[bool, int]
    """Bytes that wait, by whether they are of films."""
    bytes_per_second: Mapping[bool, float]
    """Speed of all workers together, by whether it is that of films; without an entry where nothing is known."""
    last_due: float | None = None
    """When the last of the waiting files is due, in seconds since the epoch; None where none waits."""


def read_workload(database: sqlite3.Connection) -> Workload:
    """Read what waits, and the speed of the files that were done last."""
    waiting = database.execute(
        "SELECT film, sum(size) AS bytes, max(due) AS due FROM jobs INDEXED BY jobs_by_due"  # noqa: S608 (ours)
        f" WHERE {PENDING} GROUP BY film"
    ).fetchall()
    return Workload(
        waiting={bool(row["film"]): row["bytes"] for row in waiting},
        bytes_per_second={is_film: speed for is_film in (False, True) if (speed := _speed(database, film=is_film))},
        last_due=max((row["due"] for row in waiting), default=None),
    )


def _speed(database: sqlite3.Connection, *, film: bool) -> float | None:
    rows = database.execute(
        "SELECT latest.id, size, begun, attempts.ended FROM (SELECT id, size, film FROM jobs WHERE state = 'done'"
        " AND NOT superseded ORDER BY coalesce(ended, due) DESC, id DESC LIMIT ?) AS latest"
        " JOIN attempts ON attempts.job = latest.id WHERE film = ? AND attempts.ended IS NOT NULL",
        (_LATEST, film),
    ).fetchall()
    sizes = {row["id"]: row["size"] for row in rows}
    seconds = covered((row["begun"], row["ended"]) for row in rows)
    return sum(sizes.values()) / seconds if seconds else None


def covered(spans: Iterable[tuple[float, float]]) -> float:
    """The length of all spans together; where several overlap, as those of files of one task do, it counts once."""
    length, reached = 0.0, float("-inf")
    for begin, end in sorted(spans):
        length += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return length
