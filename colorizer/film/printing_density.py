"""Film scanned as density (log): the network sees it as a screen shows it, and the chroma is made for its codes.

The codes are those of Cineon (Kodak, "Conversion of 10-bit Log Film Data to 8-bit Linear or Video Data", 1995).
"""

from __future__ import annotations

from math import log

import torch
from torch import Tensor

from colorizer.model.chroma import ChromaFit, chroma_of, fade_in_darkness, fit_chroma
from colorizer.model.lab import Matrix

_BLACK, _WHITE, _CODES = 95, 685, 1023
"""Codes of 10 bits of the film's base and of white, and the largest one."""
_STEP = 0.002 / 0.6
"""Density of a code, divided by the gamma of the negative: the exponent of ten of the light."""
_SCREEN = 2.2
"""Exponent of a screen."""
_DARK = 10 ** ((_BLACK - _WHITE) * _STEP)
"""Light of the film's base, where white is 1."""
_LEAST = 0.001
"""Light up to which a screen is black; the curve has no slope there."""


def shown(luma: Tensor) -> Tensor:
    """Luma of a screen, 0..1, for the luma of codes, 0..1 for no code and all."""
    return _light(luma) ** (1 / _SCREEN)


@torch.inference_mode()
def fit_density(luma: Tensor, ab: Tensor, matrix: Matrix) -> ChromaFit:
    """Fit the chroma of codes, which has the colours of a screen after the codes became light.

    A small difference on the screen is one of the codes, divided by the slope of the curve between both.

    Args:
        luma: of the codes, float32, 0..1, (N, 1, h, w).
        ab: colours, as a screen shows them, (N, 2, h, w).
        matrix: the matrix of the Y'CbCr.

    """
    seen = shown(luma)
    chroma = fade_in_darkness(seen, chroma_of(seen, ab, matrix))
    return fit_chroma(luma, chroma / _slope(luma))


def _light(luma: Tensor) -> Tensor:
    """Light, 0 for the film's base and 1 for white; what is brighter is white."""
    light: Tensor = 10 ** ((luma * _CODES - _WHITE) * _STEP)
    return ((light - _DARK) / (1 - _DARK)).clamp(_LEAST, 1)


def _slope(luma: Tensor) -> Tensor:
    """Change of `shown` for a change of the luma of codes."""
    light = _light(luma)
    growth = (light * (1 - _DARK) + _DARK) * (log(10) * _STEP * _CODES / (1 - _DARK))
    return light ** (1 / _SCREEN - 1) / _SCREEN * growth
