"""Text from outside tintd, made safe to show on a terminal."""

from __future__ import annotations

from daemon.files.text import harmless


def printable(text: str) -> str:
    """The name of a file or a message of a codec, without control characters and markup."""
    return harmless(text).replace("[", r"\[")
