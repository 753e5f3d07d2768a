"""Originals of one file or of many: a film may be a sequence of numbered frames, or the VIDEO_TS folder of a disc."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from colorizer.disc import files_of_disc, is_disc, is_named_as_disc
from colorizer.frame_sequence import FRAMES_SUFFIX, is_sequence, name_of_sequence, read_sequence

_KEY_BYTES = 7
"""Bytes of a hash that fit into an integer of a database."""
_LEFT_BEHIND = frozenset({".DS_Store", "Thumbs.db", "desktop.ini", "@eaDir"})
"""Names of what file managers and NAS devices leave in each folder that they show."""


@dataclass(frozen=True, slots=True)
class OriginalState:
    """What the file system says of an original: it changes when one of its files does."""

    size: int
    """Bytes of all its files."""
    mtime_ns: int
    """Time of the latest change."""
    key: int
    """Inode of a file or a folder of frames; of an original of many files, a hash of their names, sizes and times."""

    def __post_init__(self) -> None:
        """Make the numbers such as databases hold: some disks have inodes above 2**63, some files times after 2262."""
        for name in ("mtime_ns", "key"):
            object.__setattr__(self, name, signed(getattr(self, name)))


def signed(number: int) -> int:
    """A whole number as one of 64 bits with a sign."""
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


def changed_at(path: Path) -> int:
    """The time of the latest change of an original, in nanoseconds.

    Raises:
        OSError: it is gone, or cannot be looked at.

    """
    return state_of(path).mtime_ns if is_of_many_files(path) else path.stat().st_mtime_ns


def is_of_many_files(path: Path) -> bool:
    """Whether an original is a film that consists of many files."""
    return is_sequence(path) or is_disc(path)


def is_frames_folder(path: Path) -> bool:
    """Whether a path is that of a result that is a folder of frames."""
    return path.suffix == FRAMES_SUFFIX and os.path.isdir(path)  # noqa: PTH112 (pathlib raises where a disk is away)


def state_of_frames(folder: Path) -> OriginalState:
    """The present state of a folder of frames, without what file managers leave in it.

    Raises:
        OSError: it is gone, or cannot be looked at.

    """
    with os.scandir(folder) as entries:
        found = [entry.stat(follow_symlinks=False) for entry in entries if not _is_left_behind(entry.name)]
    own = folder.stat()
    changed = max((one.st_mtime_ns for one in found), default=own.st_mtime_ns)
    return OriginalState(sum(one.st_size for one in found), changed, own.st_ino)


def _is_left_behind(name: str) -> bool:
    return name in _LEFT_BEHIND or name.startswith("._")  # where macOS keeps attributes


def state_of(path: Path) -> OriginalState:
    """The present state of an original, or of a result.

    Raises:
        OSError: it is gone, is no regular file, or cannot be looked at.

    """
    if is_of_many_files(path):
        files = _listed(path)
        key = int.from_bytes(_digest(files)[:_KEY_BYTES], "big")
        return OriginalState(sum(size for _, size, _ in files), max(changed for *_, changed in files), key)
    if is_frames_folder(path):
        return state_of_frames(path)
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise _gone(path)
    return OriginalState(found.st_size, found.st_mtime_ns, found.st_ino)


def fingerprint_of_many(path: Path) -> str:
    """SHA-256 of the names, the sizes and the times of the files of an original, in hexadecimal.

    Raises:
        OSError: it is gone, or cannot be looked at.

    """
    return _digest(_listed(path)).hex()


def files_of(path: Path) -> list[Path]:
    """The files of an original in their order; the sound of a sequence comes last.

    Raises:
        OSError: a folder cannot be read.

    """
    if is_disc(path):
        return files_of_disc(path)
    if not is_sequence(path):
        return [path]
    sequence = read_sequence(path)
    frames = [frame.path for frame in (*sequence.frames, *sequence.repeated)]
    return [*frames, sequence.sound] if frames and sequence.sound else frames


def named_as_file(path: Path) -> Path:
    """The path of a file that would have the name of an original: `reel/scan.dpx` for `reel/scan.#.dpx`.

    An original without a name of its own has that of its folder: `reel.dpx` for `reel/#.dpx`, `film.vob` for
    `film/VIDEO_TS`.
    """
    if is_named_as_disc(path):
        suffix = ".vob"
    elif is_sequence(path):
        suffix = path.suffix
        if name := name_of_sequence(path):
            return path.with_name(name + suffix)
    else:
        return path
    folder = path.parent
    return folder.with_name(folder.name + suffix) if folder.name else path.with_name("film" + suffix)


def _listed(path: Path) -> list[tuple[str, int, int]]:
    """Name, size and time of each file of a sequence, its sound included, or of a disc."""
    if is_disc(path):
        files = files_of_disc(path)
        listed: list[tuple[str, int, int]] = []
    else:
        sequence = read_sequence(path)
        listed = [(frame.name, frame.size, frame.mtime_ns) for frame in (*sequence.frames, *sequence.repeated)]
        files = [sequence.sound] if listed and sequence.sound else []
    for file in files:
        found = file.stat()
        listed.append((file.name, found.st_size, found.st_mtime_ns))
    if not listed:
        raise _gone(path)
    return listed


def _digest(files: list[tuple[str, int, int]]) -> bytes:
    return hashlib.sha256(repr(files).encode(errors="surrogateescape")).digest()


def _gone(path: Path) -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
