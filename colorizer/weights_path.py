"""Which weights file a setting names, and the hash by which results name it; torch is not needed for that."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Literal

DEFAULT_WEIGHTS = Path(__file__).parent / "weights" / "default.safetensors"
"""The weights that come with tintd."""


def weights_path(weights: Literal["default"] | Path) -> Path:
    """The weights file that a setting names."""
    return DEFAULT_WEIGHTS if weights == "default" else weights


def weights_hash(path: Path) -> str:
    """SHA-256 of a weights file, in hexadecimal; results and the journal name the weights by it.

    A process reads a file once, as long as its size, time and number stay the same.

    Raises:
        OSError: it cannot be read.

    """
    state = path.stat()
    return _hash(path, (state.st_size, state.st_mtime_ns, state.st_ino))


@cache
def _hash(path: Path, _state: tuple[int, ...]) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
