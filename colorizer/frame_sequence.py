"""Numbered frames in a folder that together are one film, as film scanners and programs for effects write them.

A sequence has a path of its own: that of its frames, with `#` in place of the number (`reel/scan.#.dpx`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

FRAME_SUFFIXES = frozenset({".dpx", ".tif", ".tiff", ".png", ".exr"})
"""Suffixes of frames, in lower case."""
SOUND_SUFFIXES = (".wav", ".bwf", ".rf64", ".w64", ".aif", ".aiff", ".flac")
"""Suffixes of the sound beside a sequence, in lower case, in the order in which they are looked for."""
FRAMES_SUFFIX = ".frames"
"""Suffix of the folder of a result that consists of frames."""
MAKER_NAME = "tintd.txt"
"""Name of the file in such a folder that says what made the colour."""
_MOST_DIGITS = 18
_FRAME = re.compile(rf"(.*?)(\d{{1,{_MOST_DIGITS}}})(\.[A-Za-z]+)", re.DOTALL | re.ASCII)
"""The name of a frame: its number is the last thing before the suffix."""
_MARK = "#"
_SEPARATORS = " ._-"
"""Characters between the name of a sequence and its numbers."""
_MOST_NAMED = 20
"""Gaps that are named one by one."""


@dataclass(frozen=True, slots=True)
class FrameFile:
    """One file of a sequence."""

    folder: Path
    name: str
    number: int
    size: int
    mtime_ns: int

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.folder / self.name


@dataclass(frozen=True, slots=True)
class FrameSequence:
    """The files of a sequence, as they lay in their folder when it was read."""

    path: Path
    """The path of the sequence."""
    frames: tuple[FrameFile, ...]
    """The frames, by their numbers; no two have the same."""
    repeated: tuple[FrameFile, ...]
    """Frames whose number another one has, with other zeros before it."""
    sound: Path | None
    """The file of its sound."""

    @property
    def missing(self) -> int:
        """How many numbers between the first and the last frame are missing."""
        return self.frames[-1].number - self.frames[0].number + 1 - len(self.frames) if self.frames else 0

    def gaps(self, *, again: bool = False) -> Iterator[str]:
        """Which numbers are missing, and which are there twice, in words for the report.

        Args:
            again: whether the result is a folder of frames, which has the same gaps.

        """
        missing = [
            (before.number + 1, after.number - 1)
            for before, after in pairwise(self.frames)
            if after.number > before.number + 1
        ]
        if missing:
            named = [str(first) if first == last else f"{first} to {last}" for first, last in missing[:_MOST_NAMED]]
            more = [f"and {len(missing) - len(named)} more places"] if len(missing) > len(named) else []
            where = "also in the result" if again else "so that the frame before is shown longer"
            yield f"missing numbers, {where}: {', '.join(named + more)}"
        if self.repeated:
            first = self.repeated[0].name
            yield f"left out, because another frame has the same number: {first}" + (
                f" and {len(self.repeated) - 1} more" if len(self.repeated) > 1 else ""
            )


def sequence_at(frame: Path) -> Path | None:
    """The path of the sequence to which a file belongs by its name; None if it is not named as a frame."""
    found = _FRAME.fullmatch(frame.name)
    if found is None or found[3].lower() not in FRAME_SUFFIXES:
        return None
    return frame.with_name(f"{found[1]}{_MARK}{found[3]}")


def sequence_in(folder: Path) -> Path | None:
    """The path of a sequence in a folder of frames; None where there is none.

    Raises:
        OSError: the folder cannot be read.

    """
    with os.scandir(folder) as entries:
        found = (sequence_at(folder / entry.name) for entry in entries)
        return next((path for path in found if path is not None), None)


def is_sequence(path: Path) -> bool:
    """Whether a path is that of a sequence: by its name, and because no file has that name."""
    is_named = path.stem.endswith(_MARK) and path.suffix.lower() in FRAME_SUFFIXES
    return is_named and not os.path.lexists(path)


def is_sound(path: Path) -> bool:
    """Whether a file is named as the sound of a sequence may be."""
    return path.suffix.lower() in SOUND_SUFFIXES


def frame_without_others(path: Path) -> Path | None:
    """The frame of a sequence that has no other; None where it has several, or none."""
    frames = read_sequence(path).frames
    return frames[0].path if len(frames) == 1 else None


def has_frames(path: Path) -> bool:
    """Whether a sequence has a frame; only the first one is looked for."""
    try:
        return next(_frames(path), None) is not None
    except OSError:
        return False


def name_of_sequence(path: Path) -> str:
    """The name of a sequence without its numbers; empty where the frames have numbers alone."""
    return path.stem.removesuffix(_MARK).rstrip(_SEPARATORS)


def read_sequence(path: Path) -> FrameSequence:
    """Find the files of a sequence. Symbolic links are left out.

    Args:
        path: that of the sequence.

    Raises:
        OSError: the folder cannot be read.

    """
    frames: dict[int, FrameFile] = {}
    repeated: list[FrameFile] = []
    for frame in sorted(_frames(path), key=lambda frame: (frame.number, frame.name)):
        if frame.number in frames:
            repeated.append(frame)
        else:
            frames[frame.number] = frame
    return FrameSequence(path, tuple(frames.values()), tuple(repeated), sound_of(path))


def _frames(path: Path) -> Iterator[FrameFile]:
    before, suffix, folder = path.stem.removesuffix(_MARK), path.suffix, path.parent
    with os.scandir(folder) as entries:  # an hour of film has 86,400 frames: no `Path` is made of each
        for entry in entries:
            name = entry.name
            number = name[len(before) : -len(suffix)]
            if not (name.startswith(before) and name.endswith(suffix) and number.isascii() and number.isdecimal()):
                continue
            if len(number) <= _MOST_DIGITS and entry.is_file(follow_symlinks=False):
                state = entry.stat(follow_symlinks=False)
                yield FrameFile(folder, name, int(number), state.st_size, state.st_mtime_ns)


def sound_of(path: Path) -> Path | None:
    """The sound in the folder or beside it that has the name of the sequence, or else that of the folder."""
    folder = path.parent
    names = [name for name in (name_of_sequence(path), folder.name) if name]
    for place in (folder, folder.parent):
        for name in names:
            if sound := _first_file(place / f"{name}{suffix}" for suffix in SOUND_SUFFIXES):
                return sound
    return None


def _first_file(paths: Iterable[Path]) -> Path | None:
    """The first of some files that exists, in lower or upper case."""
    spelt = (one for path in paths for one in (path, path.with_name(path.stem + path.suffix.upper())))
    return next((path for path in spelt if path.is_file() and not path.is_symlink()), None)
