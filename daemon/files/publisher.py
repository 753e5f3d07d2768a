"""Publishing: a finished temporary file gets its name, whole or not at all, and replaces no foreign file."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal

from colorizer.durable import make_folder, sync_folder
from daemon.files.exchange import exchange
from daemon.files.text import printable

_LONGEST_NAME = 255
"""The most bytes of a file's name, on every file system in use."""
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}
"""The errors of file systems without hard links (exFAT, some network mounts)."""
UNNAMEABLE = frozenset({errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.EEXIST, errno.ENOTDIR})
"""The errors for names that a file system refuses: a path too long, or through a file; `1950?.jpg` on FAT."""

_NOTE_HEADS = {"failed": "tintd could not colour this file:", "skipped": "tintd left this file as it is:"}
"""First lines of notes, by the state of the job, which is also in the note's name."""


def publish(finished: Path, path: Path, *, replaces: bool) -> bool:
    """Give a finished file, or a folder of frames, its name, durably.

    Args:
        finished: a file or a folder on the same file system as the name; its bytes are on the disk. What it replaces
            lies beside it afterwards, if one of both is a folder.
        path: the name; its folder is made.
        replaces: whether a file that has the name is replaced.

    Returns:
        Whether the file has the name; False if another file has it, which stays.

    Raises:
        OSError: the folder cannot be written, or the disk is full.

    """
    if not give_name(finished, path, replaces=replaces):
        return False
    confirm_name(finished, path)
    return True


def give_name(finished: Path, path: Path, *, replaces: bool) -> bool:
    """Give a finished file or folder its name as `publish` does; `confirm_name` is to follow."""
    make_folder(path.parent)
    is_folder = finished.is_dir()
    if not replaces and not is_folder:
        return _link(finished, path)
    if not replaces and os.path.lexists(path):
        return False
    if replaces and (is_folder or path.is_dir()):  # a folder with something in it is not replaced by a rename
        exchange(finished, path)
    else:
        finished.replace(path)
    return True


def confirm_name(finished: Path, path: Path) -> None:
    """Wait until a name that was given is on the disk. Then the old one is removed: a power cut must not take both."""
    sync_folder(path.parent)
    with suppress(FileNotFoundError):
        if finished.samefile(path):
            finished.unlink()


def candidate_names(folder: Path, original: Path, suffix: str) -> Iterator[Path]:
    """Names for a result: the original's with the new suffix, then with the old suffix, if it is another, then numbers.

    Args:
        folder: the folder of results.
        original: the original's path inside its watched folder.
        suffix: the suffix of the result's format, with its dot.

    """
    place, stem = folder / original.parent, original.stem
    yield place / _short(stem, suffix)
    old = original.suffix[1:]
    if old and original.suffix.lower() != suffix.lower():
        yield place / _short(stem, f" ({old}){suffix}")
    for number in range(2, 10_000):
        yield place / _short(stem, f" ({number}){suffix}")


def leave_note(folder: Path, original: Path, state: Literal["failed", "skipped"], reason: str) -> None:
    """Write beside the results why there is none, for people who see only the share."""
    remove_notes(folder, original)
    note = _note(folder, original, state)
    if not os.path.lexists(note):
        make_folder(note.parent)
        note.write_text(f"{_NOTE_HEADS[state]}\n{printable(reason)}\n")


def remove_notes(folder: Path, original: Path) -> None:
    """Remove the notes that tintd has left for this file."""
    for state, head in _NOTE_HEADS.items():
        note = _note(folder, original, state)
        if _begins_with(note, head):
            note.unlink(missing_ok=True)


def move_to(finished: Path, path: Path) -> bool:
    """Give a file a new name, durably, unless the name is taken, which a rename alone would not notice.

    The name may be this file's already: a crash came between giving it and removing the old name.

    Returns:
        Whether the file has the name.

    """
    if not _link(finished, path):
        return False
    confirm_name(finished, path)
    return True


def _link(finished: Path, path: Path) -> bool:
    """Give a file a further name, or where there are no links another one; returns False if the name is taken."""
    try:
        os.link(finished, path)
    except FileExistsError:
        return path.samefile(finished)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        finished.rename(path)
    return True


def _short(stem: str, tail: str) -> str:
    room = _LONGEST_NAME - len(os.fsencode(tail))
    return os.fsencode(stem)[:room].decode(errors="ignore") + tail if len(os.fsencode(stem)) > room else stem + tail


def _note(folder: Path, original: Path, state: str) -> Path:
    return folder / original.parent / _short(original.name, f".{state}.txt")


def _begins_with(note: Path, head: str) -> bool:
    try:
        return note.read_text(errors="replace").startswith(head)
    except OSError:
        return False
