"""Photographs in colour, and what darkrooms, years and scanners make of black and white."""

from __future__ import annotations

import io
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import skimage.data
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

Picture = NDArray[np.uint8]
Tone = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""From luma 0..1 (H, W) to R'G'B' 0..1 (H, W, 3)."""

BT601 = np.array([0.299, 0.587, 0.114])
COLOURED = ("astronaut", "chelsea", "coffee", "rocket")
"""scikit-image's photographs in colour."""


def coloured(name: str, height: int = 192, width: int = 192) -> Picture:
    """A photograph in colour, shrunk to size."""
    picture = Image.fromarray(getattr(skimage.data, name)())
    return np.asarray(picture.resize((width, height), Image.Resampling.BOX))


def toned(tone: Tone, name: str = "astronaut", height: int = 192, width: int = 192) -> Picture:
    """The same in black and white, under a tone."""
    rgb = tone(coloured(name, height, width) @ BT601 / 255)
    return np.rint(rgb.clip(0, 1) * 255).astype(np.uint8)


def as_jpeg(picture: Picture, quality: int) -> Picture:
    """What JPEG leaves of a picture."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def grey(luma: NDArray[np.float64]) -> NDArray[np.float64]:
    """No tone at all."""
    return np.repeat(luma[..., None], 3, axis=2)


def sepia(luma: NDArray[np.float64]) -> NDArray[np.float64]:
    """Brown shadows on cream."""
    return _ramp(luma, (20, 10, 5), (150, 115, 75), (255, 240, 210))


def cyanotype(luma: NDArray[np.float64]) -> NDArray[np.float64]:
    """Prussian blue."""
    return _ramp(luma, (5, 25, 70), (65, 115, 165), (235, 242, 245))


def selenium(luma: NDArray[np.float64]) -> NDArray[np.float64]:
    """Aubergine shadows."""
    return _ramp(luma, (25, 12, 25), (125, 105, 115), (250, 246, 242))


def split(luma: NDArray[np.float64]) -> NDArray[np.float64]:
    """Blue shadows, warm lights."""
    return _ramp(luma, (15, 20, 45), (130, 125, 120), (255, 235, 200))


def faded(luma: NDArray[np.float64]) -> NDArray[np.float64]:
    """A cast: each channel with a range and a curve of its own."""
    return np.stack((0.15 + 0.8 * luma**0.8, 0.05 + 0.85 * luma, 0.1 + 0.7 * luma**1.3), axis=-1)


def uneven_sepia(luma: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sepia of a bath that was not stirred: a quarter more here, a quarter less there."""
    clouds = gaussian_filter(np.random.default_rng(0).normal(size=luma.shape), min(luma.shape) / 3)
    return grey(luma) + (sepia(luma) - grey(luma)) * (1 + 0.25 * clouds / np.abs(clouds).max())[..., None]


def noisy_sepia(luma: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sepia from a scanner with noise in each channel."""
    return sepia(luma) + np.random.default_rng(0).normal(0, 4 / 255, (*luma.shape, 3))


TONES: tuple[Tone, ...] = (grey, sepia, cyanotype, selenium, split, faded, uneven_sepia, noisy_sepia)


def _ramp(luma: NDArray[np.float64], *colours: tuple[int, int, int]) -> NDArray[np.float64]:
    steps = np.linspace(0, 1, len(colours))
    channels = np.array(colours).T / 255
    return np.stack([np.interp(luma, steps, channel) for channel in channels], axis=-1)


def write_scenes(
    path: Path, *scenes: Picture, frames: int = 15, codec: str = "ffv1", pixels: str = "yuv420p", rate: int = 25
) -> Path:
    """Write a film of still scenes that fade a little, each with as many frames."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width = scenes[0].shape[:2]
        stream.pix_fmt = pixels
        for number in range(frames * len(scenes)):
            light = 1 - number % frames / frames / 5
            picture = (scenes[number // frames] * light).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(stream.encode(frame.reformat(format=pixels)))
        container.mux(stream.encode(None))
    return path
