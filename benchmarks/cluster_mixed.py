"""How much the parts of one film differ that different processors have coloured: this one, and an older one.

The older processor is this one with the instructions of AVX2 alone and with float32. Each colours the same film with a
lossless encoder, in a process of its own. Then the chroma codes and the colours (CIEDE2000) of all frames are compared.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import patch

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.table import Table
from skimage.color import deltaE_ciede2000, rgb2lab

from colorizer.engine import colorize
from colorizer.job import Job
from colorizer.settings import FilmSettings, JobSettings

_OLDER = {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "TINTD_FLOAT32": "1"}
_PICTURES = Path(__file__).parents[1] / "demo" / "pictures"
_WIDTH, _HEIGHT, _RATE, _SHOT = 320, 240, 25, 50
_STEP = 5
"""Every fifth frame is compared."""


def main() -> None:
    """Print the differences."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = _write_film(folder / "film.mkv")
        command = [sys.executable, "-m", "benchmarks.cluster_mixed", str(source)]
        for place, environment in (("own", {}), ("older", _OLDER)):
            subprocess.run([*command, str(folder / place)], check=True, env=os.environ | environment)
        own, older = (list(_frames(folder / place / "result")) for place in ("own", "older"))
    _print(zip(own, older, strict=True))


def colour(source: Path, folder: Path) -> None:
    """Colour the film here, in a process of its own."""
    folder.mkdir()
    job = Job(source, folder / "result", folder / "workspace", JobSettings(film=FilmSettings(encoder="ffv1")))
    is_older = bool(os.environ.get("TINTD_FLOAT32"))  # an older processor would choose float32 by itself
    with patch("colorizer.model.predictor.bfloat16_is_faster", return_value=False) if is_older else nullcontext():
        colorize(job, lambda _done, _frames: None)


def _print(pairs: Iterator[tuple[av.VideoFrame, av.VideoFrame]]) -> None:
    codes, colours = [], []
    for one, other in pairs:
        codes.append(np.abs(_chroma(one).astype(int) - _chroma(other)).ravel())
        colours.append(deltaE_ciede2000(_lab(one), _lab(other)).ravel())
    table = Table("difference", "mean", "99th percentile", "greatest")
    for name, values in (("chroma, codes of 255", np.concatenate(codes)), ("CIEDE2000", np.concatenate(colours))):
        table.add_row(name, f"{values.mean():.3f}", f"{np.percentile(values, 99):.2f}", f"{values.max():.2f}")
    Console().print(table)


def _frames(path: Path) -> Iterator[av.VideoFrame]:
    with av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number % _STEP == 0:
                yield frame.reformat(format="yuv420p")


def _chroma(frame: av.VideoFrame) -> NDArray[np.uint8]:
    return np.asarray(frame.to_ndarray()[_HEIGHT:], np.uint8)


def _lab(frame: av.VideoFrame) -> NDArray[np.float64]:
    lab: NDArray[np.float64] = rgb2lab(frame.to_ndarray(format="rgb24"))
    return lab


def _write_film(path: Path) -> Path:
    """A film with a shot for each picture of the demo, each a pan."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=_RATE, options={"crf": "12"})
        stream.width, stream.height, stream.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
        for picture in sorted(_PICTURES.glob("*.jpg")):
            with Image.open(picture) as opened:
                wide = np.asarray(opened.convert("L").resize((_WIDTH * 3 // 2, _HEIGHT * 3 // 2)))
            for number in range(_SHOT):
                part = wide[number : number + _HEIGHT, 2 * number : 2 * number + _WIDTH]
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(part), "gray")
                container.mux(stream.encode(frame.reformat(format="yuv420p")))
        container.mux(stream.encode(None))
    return path


if __name__ == "__main__":
    colour(*map(Path, sys.argv[1:])) if sys.argv[1:] else main()
