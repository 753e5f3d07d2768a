"""Augmentation of the luma, so that the network knows old material: its tone, grain, blur, compression and negatives.

The true colours never change: a hue must not depend on grain or blur.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Luma = NDArray[np.float32]
"""Luma of one picture, float32, (H, W), 0..1."""
_INVERTED = 0.3
"""Share of the negatives that are plainly inverted."""
_DISPLAYED = 2.2
"""Exponent from luma to light."""
_FLAT = 0.05
"""Least range of tones by which a scan is stretched."""


def vary_tone(luma: Luma, amount: float, rng: np.random.Generator) -> Luma:
    """Vary gamma, contrast and exposure, each by about `amount`."""
    gamma, contrast, exposure = np.exp(rng.normal(0, amount, 3) * (1, 0.6, 0.4))
    middle = 0.45
    toned = ((luma**gamma - middle) * contrast + middle) * exposure
    return _clipped(toned)


def degrade(luma: Luma, rng: np.random.Generator) -> Luma:
    """Apply some of the defects of old material to the luma: blur, grain, compression."""
    defects = (_blur, _add_grain, _compress)
    chosen = rng.random(len(defects)) < 0.5
    for defect, wanted in zip(defects, chosen, strict=True):
        luma = defect(luma, rng) if wanted else luma
    return luma


def make_negative(luma: Luma, rng: np.random.Generator) -> Luma:
    """The scan of a negative of a picture: inverted as a paper negative is, or by the characteristic curve of a film.

    A film's density is that of its base, and grows with the logarithm of the light, but for a toe in the shadows and a
    shoulder in the lights (Hurter and Driffield 1890). A scanner shows the light that passes, with the curve of sRGB.
    """
    if rng.random() < _INVERTED:
        return _clipped(1 - luma)
    light = luma**_DISPLAYED + rng.uniform(0.002, 0.03)  # lenses and cameras have some flare
    exposure = np.log10(light / light.min())
    density = rng.uniform(0.5, 0.9) * exposure / (1 + rng.uniform(0, 0.25) * exposure)
    scan = 10 ** (-density / _DISPLAYED)
    darkest, lightest = rng.uniform(0, 0.3), rng.uniform(0.7, 1)  # scanners set levels, or leave the base grey
    low = float(scan.min())
    return _clipped(darkest + (lightest - darkest) * (scan - low) / max(1 - low, _FLAT))


def add_border(luma: Luma, rng: np.random.Generator) -> Luma:
    """Add what a scan has around a picture: paper, the base of a film, its holder, or black."""
    bordered = luma.copy()
    top, left, bottom, right = (int(side * rng.uniform(0, 0.08)) for side in luma.shape * 2)
    height, width = luma.shape
    inside = np.zeros(luma.shape, bool)
    inside[top : height - bottom, left : width - right] = True
    shade = rng.choice([rng.uniform(0, 0.15), rng.uniform(0.85, 1), rng.uniform(0, 1)])
    bordered[~inside] = shade + rng.normal(0, 0.01)
    return _clipped(bordered)


def _blur(luma: Luma, rng: np.random.Generator) -> Luma:
    blurred = _image(luma).filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.2)))
    return _luma(blurred)


def _add_grain(luma: Luma, rng: np.random.Generator) -> Luma:
    """Add grain, which is strongest in the middle tones."""
    strength = rng.uniform(0.01, 0.06) * (0.4 + 2.4 * luma * (1 - luma))
    grain = rng.standard_normal(luma.shape, np.float32) * strength
    return _clipped(luma + grain)


def _compress(luma: Luma, rng: np.random.Generator) -> Luma:
    file = io.BytesIO()
    _image(luma).save(file, "JPEG", quality=int(rng.integers(25, 80)))
    return _luma(Image.open(file))


def _clipped(luma: NDArray[np.floating[Any]]) -> Luma:
    clipped: Luma = np.clip(luma, 0, 1, dtype=np.float32)
    return clipped


def _luma(image: Image.Image) -> Luma:
    return np.asarray(image, np.float32) / np.float32(255)


def _image(luma: Luma) -> Image.Image:
    return Image.fromarray((luma * 255).round().astype(np.uint8))
