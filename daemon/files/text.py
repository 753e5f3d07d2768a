"""Text from files, such as their names: made fit to be stored, and to be shown on a terminal."""

from __future__ import annotations

import re
from pathlib import PurePath


def storable(text: str | None) -> str | None:
    """Replace what cannot be stored: a text may contain a file's name whose bytes are not UTF-8."""
    return None if text is None else text.encode(errors="replace").decode()


def printable(text: str) -> str:
    """Replace control characters, which could change what a terminal shows."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def in_words(error: BaseException) -> str:
    """An error of the system as a person would say it: what is wrong, and with which file; no `[Errno 13]`."""
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error)
    return f"{error.strerror} ({error.filename})" if error.filename else error.strerror


def natural_key(path: PurePath) -> list[tuple[int, str]]:
    """A key that sorts paths as people do: by the numbers in them, so that `scan2` comes before `scan10`."""
    parts = re.findall(r"\d+|\D+", str(path))
    return [(int(part), "") if part.isdecimal() else (-1, part.casefold()) for part in parts]
