"""Which weights file a setting names, what belongs to it, and the hash by which results name it; without torch."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Literal

from safetensors import SafetensorError, safe_open

from colorizer.errors import WeightsError

DEFAULT_WEIGHTS = Path(__file__).parent / "weights" / "default.safetensors"
"""The weights that come with tintd."""
COLOUR_HEAD = DEFAULT_WEIGHTS.with_name("colour_head.safetensors")
"""The head that judges whether a picture is in colour, with any weights."""
FITTED_TO = "fitted_to"
"""Key in the metadata of a head's file: SHA-256 of the weights file."""


def weights_path(weights: Literal["default"] | Path) -> Path:
    """The weights file that a setting names."""
    return DEFAULT_WEIGHTS if weights == "default" else weights


def upright_path(weights: Path) -> Path:
    """The file beside a weights file with the head that finds out which way up a picture is."""
    return weights.with_suffix(".upright.safetensors")


def fitted_head(weights: Path) -> Path | None:
    """The file of the head (see `upright_path`) if there is one, and if it was fitted to exactly these weights.

    Raises:
        WeightsError: the head's file is damaged.
        OSError: one of the files cannot be read.

    """
    path = upright_path(weights)
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="numpy") as file:
            fits = (file.metadata() or {}).get(FITTED_TO) == file_hash(weights)
    except SafetensorError as error:
        raise WeightsError(f"{path}: damaged ({error}); fit it again with `tintd upright`, or delete it") from error
    return path if fits else None


def weights_hash(path: Path) -> str:
    """Hash of a weights file and of the head that fits it; results and the journal name the weights by it.

    Without a head, it is the SHA-256 of the file, in hexadecimal.

    Raises:
        WeightsError, OSError: see `fitted_head`.

    """
    head = fitted_head(path)
    if head is None:
        return file_hash(path)
    return hashlib.sha256((file_hash(path) + file_hash(head)).encode()).hexdigest()


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal.

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
