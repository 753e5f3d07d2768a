"""A TIFF of one picture, compressed strip by strip, several strips at the same time."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import imagecodecs
import tifffile
from numpy.typing import NDArray

from colorizer.photo.codecs.strip_pool import STRIP_BYTES, encoded_strips, srgb_profile
from colorizer.photo.picture import ColouredStrips
from colorizer.photo.tags import BIGTIFF_BYTES

_DEFLATE, _PREDICTOR = 8, 2
"""Deflate and horizontal differences (TIFF 6.0, supplement 2 and section 14)."""
_LEVEL = 6


def write_tiff_strips(picture: ColouredStrips, path: Path) -> None:
    """Write a picture as a TIFF in sRGB, compressed without loss.

    Args:
        picture: the picture.
        path: of the file.

    Raises:
        pyvips.Error: the picture cannot be read.
        OSError: the file cannot be written.

    """
    samples = "uint8" if picture.sample == "uchar" else "uint16"
    line = picture.width * 3 * (1 if picture.sample == "uchar" else 2)
    lines = min(picture.height, max(1, STRIP_BYTES // line))
    with tifffile.TiffWriter(path, bigtiff=line * picture.height > BIGTIFF_BYTES, byteorder="<") as file:
        file.write(
            encoded_strips(picture.rgb(lines), _encode),
            shape=(picture.height, picture.width, 3),
            dtype=samples,
            photometric="rgb",
            compression=_DEFLATE,
            predictor=_PREDICTOR,
            rowsperstrip=lines,
            resolution=picture.resolution,
            resolutionunit="inch",
            iccprofile=srgb_profile(),
            metadata=None,
            software=False,
        )


def _encode(strip: NDArray[Any]) -> bytes:
    differences = imagecodecs.delta_encode(strip, axis=-2)
    return cast("bytes", imagecodecs.deflate_encode(differences.tobytes(), _LEVEL))
