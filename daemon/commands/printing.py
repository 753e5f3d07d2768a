"""Text from outside tintd, made safe to show on a terminal."""

from __future__ import annotations

from daemon.files import text as files_text


def printable(text: str) -> str:
    """The name of a file or a message of a codec, without control characters and markup."""
    return files_text.printable(text).replace("[", r"\[")
