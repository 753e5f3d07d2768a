"""Estimate the quality of a JPEG: that whose quantisation table is nearest to the file's."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# ITU-T T.81, table K.1, row by row.
_LUMA = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)


def estimate_quality(path: Path) -> int | None:
    """Estimate the quality of a JPEG's luma, 1..100 on libjpeg's scale; None where its table cannot be read."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path, formats=["JPEG"]) as image:
            table = np.array(image.quantization[0])  # type: ignore[attr-defined]
    except Exception:  # noqa: BLE001 (a decoder may raise anything; the decoder of the picture reports what is wrong)
        return None
    return 1 + int(np.abs(_tables() - table).sum(axis=1).argmin())


@cache
def _tables() -> NDArray[np.int64]:
    """Compute the luma table of each quality as libjpeg's jcparam.c does, (100, 64)."""
    quality = np.arange(1, 101)[:, None]
    scale = np.where(quality < 50, 5000 // quality, 200 - 2 * quality)
    return ((_LUMA.reshape(1, 64) * scale + 50) // 100).clip(1, 255)
