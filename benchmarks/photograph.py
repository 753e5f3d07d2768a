"""Colouring photographs against their parts alone (the floor): decoding grey, the network, encoding colour.

The floor's decoders and encoders are OpenCV's and tifffile's, the fastest that are at hand. Its TIFFs are compressed as
tintd's are. The colours that it encodes are plain: only their time is measured.
"""

from __future__ import annotations

import statistics
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import tifffile
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Cost, Figure, cost_of
from colorizer.engine import colorize, colorize_together, open_colorist
from colorizer.job import Job
from colorizer.model.colorist import shrink
from colorizer.settings import JobSettings

_SETTINGS = JobSettings()
_BAR = 1.5
_SMALL, _LARGE = (1200, 1800), (4000, 6000)
_DROP = 16
"""Photographs that a worker gets together (`work.photo_batch`)."""


@dataclass(frozen=True, slots=True)
class _Case:
    title: str
    size: tuple[int, int]
    suffix: str
    photographs: int
    """Coloured together."""
    rounds: int


_CASES = (
    _Case("JPEG of 2 megapixels", _SMALL, ".jpg", 1, 15),
    _Case(f"{_DROP} JPEGs of 2 megapixels together", _SMALL, ".jpg", _DROP, 3),
    _Case("JPEG of 24 megapixels", _LARGE, ".jpg", 1, 5),
    _Case("TIFF of 24 megapixels, 16 bits", _LARGE, ".tif", 1, 3),
)


def main() -> list[Figure]:
    """Print the ratios; tintd and the floor alternate, and medians count."""
    table = Table("", "parts alone, ms", "processor time", "coloured, ms", "processor time", "ratio")
    figures = []
    for case in _CASES:
        floors, ours = zip(*_measure(case), strict=True)
        ratio = statistics.median(our.seconds / floor.seconds for floor, our in zip(floors, ours, strict=True))
        spent = [
            1000 * statistics.median(one) / case.photographs
            for side in (floors, ours)
            for one in zip(*side, strict=True)
        ]
        table.add_row(case.title, *(f"{one:.0f}" for one in spent), f"{ratio:.2f}")
        figures.append(Figure(f"{case.title} / parts alone", ratio, "times", _BAR))
    table.title, table.caption = "Photographs, of each one", f"target {_BAR}"
    Console().print(table)
    return figures


def _measure(case: _Case) -> list[tuple[Cost, Cost]]:
    """Costs of the floor and of tintd in each round but the first."""
    with tempfile.TemporaryDirectory() as name:
        source = _write_photograph(Path(name) / f"photograph{case.suffix}", case.size)
        rounds = [
            (cost_of(lambda: _parts(source, case.photographs)), cost_of(lambda: _colour(source, case.photographs)))
            for _ in range(case.rounds + 1)
        ]
    return rounds[1:]


def _parts(source: Path, photographs: int) -> None:
    read, write = (_read_tiff, _write_tiff) if source.suffix == ".tif" else (_read_jpeg, _write_jpeg)
    colorist = open_colorist(_SETTINGS.colour)
    for _ in range(photographs):
        grey = read(source)
        small = cv2.resize(grey, (600, 400), interpolation=cv2.INTER_AREA).astype(np.float32) / np.iinfo(grey.dtype).max
        colorist.colours(shrink(torch.from_numpy(small)[None, None], colorist.extent(*grey.shape)))
        write(source.with_name("floor"), grey)


def _read_jpeg(path: Path) -> NDArray[Any]:
    return cast("NDArray[Any]", cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_GRAYSCALE))


def _write_jpeg(path: Path, grey: NDArray[Any]) -> None:
    encoded = cv2.imencode(".jpg", cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
    path.write_bytes(encoded.tobytes())


def _read_tiff(path: Path) -> NDArray[Any]:
    return tifffile.imread(path)


def _write_tiff(path: Path, grey: NDArray[Any]) -> None:
    colour = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    tifffile.imwrite(path, colour, photometric="rgb", compression="zlib", predictor=True, rowsperstrip=32)


def _colour(source: Path, photographs: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folders = [Path(name) / str(number) for number in range(photographs)]
        for folder in folders:
            folder.mkdir()
        jobs = [Job(source, folder / "result", folder, _SETTINGS) for folder in folders]
        if photographs == 1:
            colorize(jobs[0], lambda _done, _all: None)
            return
        for _, outcome in colorize_together(jobs, lambda _number: None, lambda _done, _all: None):
            if isinstance(outcome, Exception):
                raise outcome


def _write_photograph(path: Path, size: tuple[int, int]) -> Path:
    """A smooth picture with grain: 8 bits as JPEG, 16 as TIFF."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(30, 220, (30, 45)).astype(np.float32)
    rough = cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC)
    grainy = (rough + rng.normal(0, 4, rough.shape)).clip(0, 255)
    if path.suffix == ".tif":
        deep = (grainy * 257).astype(np.uint16)
        tifffile.imwrite(path, deep, photometric="minisblack", compression="zlib", predictor=True, rowsperstrip=32)
    else:
        cv2.imwrite(str(path), grainy.astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 90])
    return path


if __name__ == "__main__":
    main()
