"""Text that came from files: made fit to be stored, and to be shown on a terminal."""

from __future__ import annotations


def legible(reason: str | None) -> str | None:
    """A reason as text that can be stored: it may hold a file's name whose bytes are no text."""
    return None if reason is None else reason.encode(errors="replace").decode()


def harmless(text: str) -> str:
    """A file's name, or what a codec says, without control characters: for what may be shown on a terminal."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
