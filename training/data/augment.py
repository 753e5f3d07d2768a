"""Augmentation of the luma, so that the network knows old material: its tone, grain, blur and compression.

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
