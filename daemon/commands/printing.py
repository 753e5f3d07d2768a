"""Text from outside, as it may be shown on a terminal."""

from __future__ import annotations

from daemon.files.text import harmless


def printable(text: str) -> str:
    """A file's name or what a codec says: no control characters, no markup."""
    return harmless(text).replace("[", r"\[")
