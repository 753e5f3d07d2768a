"""Which weights file a setting names, and the hash by which results name it; torch is not needed for that."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

DEFAULT_WEIGHTS = Path(__file__).parent / "weights" / "default.safetensors"
"""The weights that come with tintd."""


def weights_path(weights: Literal["default"] | Path) -> Path:
    """The weights file that a setting names."""
    return DEFAULT_WEIGHTS if weights == "default" else weights


def weights_hash(path: Path) -> str:
    """SHA-256 of a weights file, in hexadecimal; results and the journal name the weights by it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
