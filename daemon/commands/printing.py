"""Text from outside, as it may be shown on a terminal."""

from __future__ import annotations


def printable(text: str) -> str:
    """A file's name or what a codec says: no control characters, no markup."""
    clean = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    return clean.replace("[", r"\[")
