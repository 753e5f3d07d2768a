"""The films that are measured: a grey pan over a photograph, with grain, encoded with x264 veryfast crf 18."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
from PIL import Image

_PICTURE = Path(__file__).parent.parent / "demo" / "pictures" / "rocket.jpg"
_GRAIN = 5.0
"""Standard deviation of the grain, in levels of 255: that of a clean 16 mm print."""


def write_grainy_film(path: Path, *, width: int, height: int, seconds: int, rate: int = 25) -> Path:
    """Write a film of this size and length."""
    with Image.open(_PICTURE) as picture:
        wide = np.asarray(picture.convert("L").resize((width * 3 // 2, height * 3 // 2)), np.float32)
    rng = np.random.default_rng(0)
    grain = [rng.normal(0, _GRAIN, (height, width)).astype(np.float32) for _ in range(8)]
    options = {"preset": "veryfast", "crf": "18"}
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(seconds * rate):
            top, left = number % (height // 2), 2 * number % (width // 2)
            view = wide[top : top + height, left : left + width] + np.roll(grain[number % 8], number * 37, axis=0)
            container.mux(stream.encode(_grey_frame(view.clip(16, 235).astype(np.uint8))))
        container.mux(stream.encode(None))
    return path


def _grey_frame(luma: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> av.VideoFrame:
    height, width = luma.shape
    chroma = np.full((height // 2, width), 128, np.uint8)
    return av.VideoFrame.from_ndarray(np.concatenate((luma, chroma)), format="yuv420p")
