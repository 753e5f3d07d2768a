"""The files of the measurements of a cluster, and the file in which their figures are kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import skimage.data
from numpy.typing import NDArray
from PIL import Image

from benchmarks.figures import RESULTS

RESULT = RESULTS / "cluster.json"


@dataclass(frozen=True, slots=True)
class Photographs:
    """Photographs that differ from each other."""

    width: int
    height: int
    count: int
    grain: float = 0.0
    """Standard deviation of the grain, in levels of 255."""


@dataclass(frozen=True, slots=True)
class Film:
    """A film whose shots pan over a photograph, every other one of them as a negative."""

    width: int
    height: int
    rate: int
    seconds: int
    shot_seconds: int
    grain: float = 0.0
    """Likewise."""

    @property
    def frames(self) -> int:
        """Number of frames."""
        return self.rate * self.seconds


SMALL_PHOTOGRAPHS = Photographs(320, 240, 2000)
SMALL_FILM = Film(160, 120, rate=10, seconds=1200, shot_seconds=15)
"""Small, so that one slot colours them within two minutes."""
SHELF_PHOTOGRAPHS = Photographs(1600, 1200, 64, grain=5)
SHELF_FILM = Film(720, 576, rate=25, seconds=30, shot_seconds=6, grain=5)
"""Of the sizes that a shelf of scans and transfers has."""


def write_photographs(folder: Path, photographs: Photographs) -> list[Path]:
    """Write JPEG files."""
    picture, paths = _picture(photographs.width * 2, photographs.height * 2, photographs.grain), []
    for number in range(photographs.count):
        part = np.roll(picture, (number * 7, number * 13), (0, 1))[: photographs.height, : photographs.width]
        paths.append(folder / f"{number:05d}.jpg")
        Image.fromarray(np.ascontiguousarray(part)).save(paths[-1], quality=90)
    return paths


def write_film(path: Path, film: Film) -> Path:
    """Write a film in H.264, in the container that the name says."""
    picture, grain = _picture(film.width * 2, film.height * 2, 0), _grain((film.height, film.width), film.grain)
    with av.open(str(path), "w") as container:
        options = {"preset": "veryfast", "crf": "20", "g": str(film.rate * 2)}
        stream = container.add_stream("libx264", rate=film.rate, options=options)
        stream.width, stream.height, stream.pix_fmt = film.width, film.height, "yuv420p"
        for number in range(film.frames):
            part = np.roll(picture, (number * 2, number * 3), (0, 1))[: film.height, : film.width]
            part = 255 - part if number // (film.rate * film.shot_seconds) % 2 else part
            moved = np.roll(grain, (number * 37, number * 53), (0, 1))
            luma = (part + moved).clip(0, 255).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(luma, "gray").reformat(format="yuv420p")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def remember(found: Mapping[str, Any], path: Path = RESULT) -> None:
    """Add figures to those of earlier measurements; a new one replaces the old one of its name."""
    path.parent.mkdir(exist_ok=True)
    known = json.loads(path.read_text()) if path.is_file() else {}
    path.write_text(json.dumps(known | dict(found), indent=1, sort_keys=True) + "\n")


def _picture(width: int, height: int, grain: float) -> NDArray[np.uint8]:
    resized = np.asarray(Image.fromarray(skimage.data.camera()).resize((width, height)), np.uint8)
    return (resized + _grain((height, width), grain)).clip(0, 255).astype(np.uint8)


def _grain(shape: tuple[int, int], deviation: float) -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(0, deviation, shape).astype(np.float32)
