"""Names that exchange what they stand for: at once where the file system can, else in steps that can be undone."""

from __future__ import annotations

import ctypes
import errno
import os
from contextlib import suppress
from pathlib import Path

from colorizer.durable import make_folder, sync_file, sync_folder
from daemon.files.removal import remove_folder

_HERE = -100
"""AT_FDCWD: paths count from the working folder."""
_EXCHANGE = 2
"""RENAME_EXCHANGE, see renameat2(2)."""
_UNABLE = frozenset({errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM})
"""The errors of kernels and file systems that exchange no names (NFS, exFAT, some network mounts)."""
_BEFORE, _NOTE = "before", "before.path"
"""Names, beside what is finished, of what had the name before, and of a note of that name."""


def exchange(finished: Path, path: Path) -> None:
    """Give a name to a finished file or folder; what had the name lies in the folder of the finished one afterwards.

    Where this fails, or the process is killed, the name stands for either of them; at worst once `put_back` was called.

    Args:
        finished: what gets the name; its folder belongs to tintd.
        path: the name, on the same file system; something has it.

    Raises:
        OSError: it cannot be renamed.

    """
    if _exchange_names(finished, path):
        return
    note, before = finished.with_name(_NOTE), finished.with_name(_BEFORE)
    remove_folder(before)  # of an exchange that was killed when all but its note was done
    note.write_bytes(os.fsencode(path))
    sync_file(note)
    sync_folder(note.parent)
    try:
        path.replace(before)
        finished.replace(path)
    except BaseException:  # Ctrl-C, too: the folder of the finished one may be removed now
        put_back(finished.parent)
        raise
    note.unlink()


def put_back(folder: Path) -> None:
    """Give what `exchange` has moved into a folder its name again, where it was killed before it gave it to another."""
    note, before = folder / _NOTE, folder / _BEFORE
    with suppress(FileNotFoundError):  # nothing was moved
        path = Path(os.fsdecode(note.read_bytes()))
        if os.path.lexists(before) and not os.path.lexists(path):
            make_folder(path.parent)
            before.rename(path)
            sync_folder(path.parent)
        note.unlink()


def _exchange_names(one: Path, other: Path) -> bool:
    """Exchange two names at once; whether that is possible here."""
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "renameat2"):
        return False
    if library.renameat2(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _UNABLE:
        return False
    raise OSError(number, os.strerror(number), str(one), None, str(other))
