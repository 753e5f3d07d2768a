"""Photographs that the tests are free to use: scikit-image's, in grey, as other programs would write them."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import skimage.data
from numpy.typing import NDArray
from PIL import Image

from tests.assets.whole_files import put


def grey(height: int = 96, width: int = 128) -> NDArray[np.uint8]:
    """A photograph in 8 bits of grey, cut to size (at most 512 x 512)."""
    picture: NDArray[np.uint8] = skimage.data.camera()[512 - height :, 100 : 100 + width]
    return picture


def deep_grey(height: int = 96, width: int = 128) -> NDArray[np.uint16]:
    """The same in 16 bits, all of which say something."""
    noise = np.random.default_rng(0).integers(0, 257, (height, width), np.uint16)
    return (grey(height, width).astype(np.uint16) * 256 + noise).astype(np.uint16)


def write_grey(path: Path, height: int = 96, width: int = 128) -> Path:
    """Write the photograph in the format that the name says. The file appears whole."""
    return put(path, encoded(path.suffix, height, width))


def write_cut(path: Path, size: int, height: int = 96, width: int = 128) -> Path:
    """Write its first bytes alone."""
    return put(path, encoded(path.suffix, height, width)[:size])


def encoded(suffix: str, height: int = 96, width: int = 128) -> bytes:
    """The photograph in the format of a suffix."""
    file = BytesIO()
    Image.fromarray(grey(height, width)).save(file, Image.registered_extensions()[suffix.lower()])
    return file.getvalue()
