"""Estimate the quality of a JPEG: that whose quantisation table is nearest to the file's."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
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
    distances = [np.abs(table - _scaled(quality)).sum() for quality in range(1, 101)]
    return 1 + int(np.argmin(distances))


def _scaled(quality: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Compute the luma table of a quality as libjpeg's jcparam.c does, (64,)."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return ((_LUMA * scale + 50) // 100).clip(1, 255).reshape(64)
