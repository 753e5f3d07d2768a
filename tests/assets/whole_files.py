"""Files that appear whole, however slow the machine is: a watched folder never shows the beginning of one."""

from __future__ import annotations

from pathlib import Path


def put(path: Path, content: bytes) -> Path:
    """Write a file under a hidden name, which a watched folder ignores, and give it its own."""
    unfinished = path.with_name(f".{path.name}")
    unfinished.write_bytes(content)
    return unfinished.rename(path)
