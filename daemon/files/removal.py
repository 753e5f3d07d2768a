"""Removal of folders of many files: at once under their names, and in a thread from the disk."""

from __future__ import annotations

import secrets
import shutil
import threading
from contextlib import suppress
from pathlib import Path

ENDED = ".ended"
"""Suffix of folders that are being removed."""


def remove_folder(folder: Path, beside: Path | None = None) -> None:
    """Remove a folder. Its name is free at once; its files go in a thread, because there may be a hundred thousand.

    Args:
        folder: what is removed; it may be gone.
        beside: a path of which the folder gets the name first, with more behind it; None: its own.

    """
    with suppress(OSError):  # it is gone, or its disk is
        place = beside or folder
        ended = folder.rename(place.with_name(f"{place.name}-{secrets.token_hex(4)}{ENDED}"))
        threading.Thread(target=shutil.rmtree, args=(ended, True), name="removal", daemon=True).start()
