"""Photographs that Pillow decodes and encodes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyvips
from PIL import Image

from colorizer.photo.codecs.decoded import Undecoded, from_samples, open_decoded, with_metadata
from colorizer.photo.formats.photo_format import Opening
from colorizer.photo.picture import MILLIMETRES, Picture


def open_with_pillow(
    source: Path,
    plugin: str,
    opening: Opening,
    *,
    bits: Callable[[Path, Image.Image], int] = lambda _source, _image: 8,
    has_unused_alpha: Callable[[Path, Image.Image], bool] = lambda _source, _image: False,
) -> tuple[Picture, tuple[str, ...]]:
    """Open a picture.

    Args:
        source: the file.
        plugin: Pillow's name of the format.
        opening: limits.
        bits: bits of a sample in the file, where Pillow reads it with 8.
        has_unused_alpha: whether its last samples are not alpha.

    Returns:
        The picture, and notes on it.

    Raises:
        MediaError: see `open_decoded`.

    """

    def decode() -> pyvips.Image:
        with Image.open(source, formats=[plugin]) as image:
            picture = _from_pillow(image)
            return picture[: picture.bands - 1] if has_unused_alpha(source, image) else picture

    def read_header(_source: Path) -> Undecoded:
        with Image.open(source, formats=[plugin]) as image:
            depth = bits(source, image)
            notes = (f"{depth} bits a sample were read as 8",) if depth > 8 else ()
            return Undecoded(*image.size, decode, notes=notes)

    return open_decoded(source, read_header, opening)


def _from_pillow(image: Image.Image) -> pyvips.Image:
    image.load()
    converted = {
        "1": "L",
        "P": "RGBA" if image.has_transparency_data else "RGB",
        "PA": "RGBA",
        "YCbCr": "RGB",
        "LAB": "RGB",
    }
    samples = np.asarray(image.convert(converted.get(image.mode, image.mode)))
    if samples.dtype == np.int32:  # how Pillow holds 16 bits of a PGM
        samples = samples.astype(np.uint16)
    picture = from_samples(samples)
    if image.mode == "CMYK":
        picture = picture.copy(interpretation="cmyk")
    return with_metadata(picture, image.info)


def save_with_pillow(image: pyvips.Image, path: Path, plugin: str, **options: object) -> None:
    """Write a picture of 8 bits a sample.

    Args:
        image: the picture.
        path: of the file.
        plugin: Pillow's name of the format.
        options: of the format.

    """
    Image.fromarray(image.numpy()).save(path, plugin, **options)


def resolution(image: pyvips.Image) -> tuple[float, float]:
    """Pixels an inch, across and along."""
    return image.xres * MILLIMETRES, image.yres * MILLIMETRES
