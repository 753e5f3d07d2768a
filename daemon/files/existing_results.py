"""Files that have the name of a result that is not yet made: results that a lost journal knew, for instance."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from colorizer.provenance import originals_of
from daemon.files.identity import Identity, identify
from daemon.files.publisher import candidate_names

_WHOLE = 256 << 20
"""Bytes up to which a file is searched whole."""
_PART = 16 << 20
"""Bytes at the beginning and at the end of a larger file that are searched: containers of films have metadata there."""
_NAMES = 2
"""Names of a result that do not depend on other results: the original's, and the one with its suffix in brackets."""


@dataclass(frozen=True, slots=True)
class ExistingResult:
    """A file that may be the result of an original."""

    path: Path
    identity: Identity
    originals: frozenset[str]
    """Fingerprints of the originals that its provenance names; none for a file that tintd did not write."""


def find_existing(folder: Path, original: Path, suffixes: Iterable[str]) -> list[ExistingResult]:
    """Find the files that lie under the names of a result.

    Args:
        folder: the folder of results.
        original: the original's path inside its watched folder.
        suffixes: the suffixes that results may have.

    """
    names = (path for suffix in suffixes for path in _taken_names(folder, original, suffix))
    return [found for path in dict.fromkeys(names) if (found := _examine(path)) is not None]


def _taken_names(folder: Path, original: Path, suffix: str) -> Iterator[Path]:
    """The names of a result that exist; of those with numbers, the ones before the first that does not."""
    names = candidate_names(folder, original, suffix)
    yield from filter(os.path.lexists, islice(names, _NAMES))
    for path in names:
        if not os.path.lexists(path):
            return
        yield path


def _examine(path: Path) -> ExistingResult | None:
    """A file and its provenance; None where it is none, or cannot be read."""
    identity = identify(path)
    if identity is None or os.path.islink(path):  # noqa: PTH114 (False where it cannot be read; pathlib would raise)
        return None
    try:
        return ExistingResult(path, identity, frozenset(_originals(path, identity.size)))
    except (OSError, ValueError):  # ValueError: it became empty
        return None


def _originals(path: Path, size: int) -> set[str]:
    if not size:
        return set()
    with path.open("rb") as file:
        if size <= _WHOLE:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                return originals_of(content)
        beginning = file.read(_PART)
        file.seek(-_PART, os.SEEK_END)
        return originals_of(beginning) | originals_of(file.read(_PART))
