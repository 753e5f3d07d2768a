"""The result of a soak: what was lost, done twice, left over or damaged."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from PIL import Image


def count_faults(root: Path, expected: set[str], bad: set[str]) -> dict[str, int]:
    """Count what is wrong.

    Args:
        root: holds inbox, outbox and state.
        expected: names, inside the inbox, of the files that must have come to an end.
        bad: of these, those that cannot be coloured.

    """
    with closing(sqlite3.connect(root / "state" / "journal.sqlite3")) as database:
        sound = database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        rows = database.execute("SELECT path, state, output, reason FROM jobs WHERE NOT superseded").fetchall()
    jobs = {os.fsdecode(path): (state, output, reason) for path, state, output, reason in rows}
    results = [os.fsdecode(output) for state, output, _ in jobs.values() if state == "done"]
    lying = {str(path) for path in root.glob("outbox/**/*") if path.is_file() and path.suffix != ".txt"}
    outcomes = {name: jobs.get(name, ("lost", None, None)) for name in expected}
    good = [outcome for name, outcome in outcomes.items() if name not in bad]
    return {
        "good files at the end": len(good),
        "lost": sum(state not in ("done", "failed", "skipped") for state, _, _ in outcomes.values()),
        "good, but not done": sum(state != "done" for state, _, _ in good),
        "not done, without a reason": sum(state != "done" and not reason for state, _, reason in outcomes.values()),
        "results missing": len(set(results) - lying),
        "results with the same name": len(results) - len(set(results)),
        "results that cannot be read": sum(not _is_whole(Path(path)) for path in lying & set(results)),
        "temporary files left over": len(list(root.glob("outbox/**/.tintd-*"))),
        "journal damaged": int(not sound),
    }


def _is_whole(path: Path) -> bool:
    """Whether a picture decodes to its end, or a film has its index."""
    if path.suffix == ".mp4":
        return b"moov" in path.read_bytes()
    try:
        with Image.open(path) as picture:
            picture.load()
    except (OSError, SyntaxError):
        return False
    return True
