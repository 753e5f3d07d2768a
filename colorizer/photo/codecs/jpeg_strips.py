"""A JPEG of Y'CbCr, which is encoded strip by strip, several strips at the same time.

Each strip is a restart interval (ITU-T T.81, B.2.4.4), and nothing in one depends on another. So libjpeg encodes each
as a picture of its own, and the entropy-coded data of all follow the header of the first.
"""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path
from typing import cast

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from colorizer.photo.blocks.jpeg_segments import (
    END_OF_IMAGE,
    FRAMES,
    RESTART_INTERVAL,
    START_OF_IMAGE,
    START_OF_SCAN,
    Header,
    read_header,
    restart,
    segment,
    with_height,
)
from colorizer.photo.codecs.strip_pool import STRIP_BYTES, encoded_strips, srgb_profile
from colorizer.photo.picture import ColouredStrips

_BLOCK = 8
"""Lines and columns of a block."""
_MOST_BLOCKS, _FEWEST = 65535, 10
"""Most blocks of a restart interval, and fewest strips of a picture that is not small: threads end together."""
_JFIF, _PROFILES = 0xE0, 0xE2
_PROFILE = b"ICC_PROFILE\x00\x01\x01"
"""Beginning of the segment of a profile: its name, and that it is the first of one (ICC.1, B.4)."""


def write_jpeg_strips(picture: ColouredStrips, path: Path, quality: int) -> None:
    """Write a picture as a baseline JPEG in sRGB, whose chroma has all of its resolution.

    Args:
        picture: the picture.
        path: of the file.
        quality: 1..100 on libjpeg's scale.

    Raises:
        pyvips.Error: the picture cannot be read.
        OSError: the file cannot be written.

    """
    across, down = (-(-side // _BLOCK) for side in (picture.width, picture.height))
    rows = max(1, min(STRIP_BYTES // (3 * across * _BLOCK**2), down // _FEWEST))
    lines = _BLOCK * min(rows, _MOST_BLOCKS // across)
    scan: int | None = None
    with path.open("wb") as file:
        for number, encoded in enumerate(encoded_strips(picture.ycbcr(lines), partial(_encode, quality))):
            if number == 0:
                interval = across * lines // _BLOCK if picture.height > lines else 0
                header = read_header(io.BytesIO(encoded))
                file.write(_header_of_all(header, picture.height, interval))
                scan = header.scan  # that of all: only the height differs
            else:
                file.write(restart(number - 1))
            file.write(memoryview(encoded)[scan : -len(END_OF_IMAGE)])
        file.write(END_OF_IMAGE)


def _encode(quality: int, strip: NDArray[np.uint8]) -> bytes:
    """A strip as a JPEG of its own."""
    encoded = imagecodecs.jpeg8_encode(
        strip, level=quality, colorspace="YCBCR", outcolorspace="YCBCR", subsampling="444"
    )
    return cast("bytes", encoded)


def _header_of_all(first: Header, height: int, interval: int) -> bytes:
    """The header of the first strip as that of the whole picture: with its height, the restart interval, a profile."""
    parts = [START_OF_IMAGE]
    for marker, content in first.segments:
        if marker == START_OF_SCAN and interval:
            parts.append(segment(RESTART_INTERVAL, interval.to_bytes(2, "big")))
        parts.append(segment(marker, with_height(content, height) if marker in FRAMES else content))
        if marker == _JFIF:
            parts.append(segment(_PROFILES, _PROFILE + srgb_profile()))
    return b"".join(parts)
