"""The identity of a file, by which a changed or replaced file is noticed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from colorizer.frame_sequence import has_frames, is_sequence
from colorizer.originals import OriginalState, signed, state_of, state_of_frames


@dataclass(frozen=True, slots=True)
class Identity:
    """What the file system says of a file: it changes when the file does, and nothing has to be read for it."""

    size: int
    mtime_ns: int
    inode: int
    """Of an original of many files, a number that stands for their names, sizes and times."""


@dataclass(frozen=True, slots=True)
class Result:
    """A result that was published, or is about to be."""

    path: Path
    identity: Identity


@dataclass(frozen=True, slots=True)
class Seen:
    """What a thread has just seen, so that the main loop does not look at a hundred thousand files."""

    identities: Mapping[Path, Identity | None] = field(default_factory=dict)
    """Of originals and results of many files; None: there is none."""
    beside: tuple[Path, ...] | None = None
    """The originals that would move with an original that moves with its folder; None: nobody has looked."""
    changed: Mapping[Path, int] = field(default_factory=dict)
    """When each folder that would move had changed last, in nanoseconds."""

    def identify(self, path: Path) -> Identity | None:
        """The identity of what was seen, or else of what is there now."""
        return self.identities[path] if path in self.identities else identify(path)


def identify(path: Path) -> Identity | None:
    """The identity of an original or of another regular file, also behind a link; None where there is none."""
    return _identity(state_of, path)


def identify_frames(folder: Path) -> Identity | None:
    """The identity of a folder of frames, whatever its name is; None where there is none."""
    return _identity(state_of_frames, folder)


def _identity(look: Callable[[Path], OriginalState], path: Path) -> Identity | None:
    try:
        found = look(path)
    except OSError:
        return None
    return Identity(found.size, found.mtime_ns, found.key)


def exists(path: Path) -> bool:
    """Whether an original lies at a path, or anything else does."""
    return os.path.lexists(path) or (has_frames(path) if is_sequence(path) else identify(path) is not None)


def has_its_name(result: Result) -> bool:
    """Whether a result that was announced has its name; its files, of which there may be many, are not looked at."""
    try:
        return signed(result.path.stat().st_ino) == result.identity.inode
    except OSError:
        return False
