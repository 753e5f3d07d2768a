"""The paths of uploads: a client asks for one, and nothing in it leads out of the watched folder."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from colorizer.errors import TintdError
from daemon.web.site.reading import is_visible

_LONGEST_NAME = 200
"""Bytes of each part of a path."""
_MOST_PARTS = 20
"""Parts of a path."""


class UploadError(TintdError):
    """An upload is refused; the message says why."""

    def __init__(self, status: int, message: str) -> None:
        """Refuse with an HTTP status."""
        super().__init__(message)
        self.status = status


def safe_path(name: str) -> PurePosixPath:
    """The path in a watched folder that a client asks for, with all that could lead elsewhere taken out of it.

    Raises:
        UploadError: nothing is left of it, or it is too long.

    """
    parts = ["".join(filter(is_visible, part)).strip() for part in re.split(r"[/\\]", name)]
    kept = [part for part in parts if part not in {"", ".", ".."}]
    if not kept or len(kept) > _MOST_PARTS or any(len(part.encode(errors="replace")) > _LONGEST_NAME for part in kept):
        raise UploadError(422, "The file has no name that it can keep.")
    return PurePosixPath(*(part.encode(errors="replace").decode() for part in kept))
