"""Files that have the name of a result that is not yet made: results that a lost journal knew, for instance."""

from __future__ import annotations

import mmap
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, takewhile
from pathlib import Path

from colorizer.frame_sequence import FRAMES_SUFFIX, MAKER_NAME
from colorizer.originals import is_frames_folder
from colorizer.provenance import originals_of
from daemon.files.identity import Identity, identify
from daemon.files.publisher import candidate_names

FILM_SUFFIXES = (".mp4", ".mov", ".mkv", FRAMES_SUFFIX)
"""Suffixes of results of films, beside those of their originals."""
_WHOLE = 256 << 20
"""Bytes up to which a file is searched whole."""
_PART = 16 << 20
"""Bytes at the beginning and at the end of a larger file that are searched: containers of films have metadata there."""
_NAMES = 2
"""Names of a result that do not depend on other results: the original's, and the one with its suffix in brackets."""
_LISTING_SHARE = 0.05
"""Largest part of the time that is spent on listing folders again."""


@dataclass(frozen=True, slots=True)
class ExistingResult:
    """A file that may be the result of an original."""

    path: Path
    identity: Identity
    originals: frozenset[str]
    """Fingerprints of the originals that its provenance names; none for a file that tintd did not write."""


class Listings:
    """The names in folders. Asking the file system for every name that a result may have takes ninety calls a file."""

    def __init__(self) -> None:
        """Know no folder yet."""
        self._listed: dict[Path, _Listing] = {}

    def has(self, path: Path) -> bool:
        """Whether there was an entry of this name when its folder was last listed: a moment ago, if it is small."""
        listing = self._listed.get(path.parent)
        if listing is None or time.monotonic() > listing.valid_until:
            listing = self._listed[path.parent] = _list(path.parent)
        return path.name in listing.names


@dataclass(frozen=True, slots=True)
class _Listing:
    names: frozenset[str]
    valid_until: float


def _list(folder: Path) -> _Listing:
    began = time.monotonic()
    try:
        names = frozenset(path.name for path in folder.iterdir())
    except OSError:
        names = frozenset()
    ended = time.monotonic()
    return _Listing(names, ended + (ended - began) / _LISTING_SHARE)


def find_existing(folder: Path, original: Path, suffixes: Iterable[str], listings: Listings) -> list[ExistingResult]:
    """Find the files that lie under the names of a result.

    Args:
        folder: the folder of results.
        original: the original's path inside its watched folder.
        suffixes: the suffixes that results may have.
        listings: of folders of results.

    """
    names = (path for suffix in suffixes for path in _taken_names(folder, original, suffix, listings))
    return [found for path in dict.fromkeys(names) if (found := _examine(path)) is not None]


def _taken_names(folder: Path, original: Path, suffix: str, listings: Listings) -> Iterator[Path]:
    """The names of a result that exist; of those with numbers, the ones before the first that does not."""
    names = candidate_names(folder, original, suffix)
    yield from filter(listings.has, islice(names, _NAMES))
    yield from takewhile(listings.has, names)


def _examine(path: Path) -> ExistingResult | None:
    """A file, or a folder of frames, and its provenance; None where it is none, or cannot be read."""
    identity = identify(path)
    if identity is None or os.path.islink(path):  # noqa: PTH114 (False where it cannot be read; pathlib would raise)
        return None
    try:
        if is_frames_folder(path):
            return ExistingResult(path, identity, frozenset(_originals_of_frames(path)))
        return ExistingResult(path, identity, frozenset(_originals(path, identity.size)))
    except (OSError, ValueError):  # ValueError: it became empty
        return None


def _originals_of_frames(folder: Path) -> set[str]:
    maker = folder / MAKER_NAME
    return originals_of(maker.read_bytes()) if maker.is_file() else set()


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
