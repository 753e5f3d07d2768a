"""Colouring a 2-megapixel JPEG against its parts alone: decoding grey, the network, encoding colour (the floor).

The floor's decoder and encoder are OpenCV's, with the settings of the result.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Figure, cost_of
from colorizer.engine import colorize, open_colorist
from colorizer.job import Job
from colorizer.model.colorist import shrink
from colorizer.settings import JobSettings

_SETTINGS = JobSettings()
_HEIGHT, _WIDTH = 1200, 1800
_ROUNDS = 9
_BAR = 1.5


def main() -> list[Figure]:
    """Print the ratio, the two alternating, the median."""
    with tempfile.TemporaryDirectory() as name:
        source = _write_photograph(Path(name) / "photograph.jpg")
        rounds = [(cost_of(lambda: _parts(source)), cost_of(lambda: _colour(source))) for _ in range(_ROUNDS + 1)][1:]
    floors, ours = zip(*rounds, strict=True)
    table = Table("", "ms, median", "processor time, ms")
    for title, costs in (("parts alone", floors), ("coloured", ours)):
        table.add_row(title, *(f"{1000 * statistics.median(one):.0f}" for one in zip(*costs, strict=True)))
    ratio = statistics.median(our.seconds / floor.seconds for floor, our in rounds)
    table.title = f"A photograph of {_WIDTH} x {_HEIGHT}, JPEG"
    table.caption = f"ratio {ratio:.2f}; target {_BAR}"
    Console().print(table)
    return [Figure("photograph of 2 megapixels / its parts alone", ratio, "times", _BAR)]


def _parts(source: Path) -> None:
    grey = cast("NDArray[np.uint8]", cv2.imdecode(np.fromfile(source, np.uint8), cv2.IMREAD_GRAYSCALE))
    colorist = open_colorist(_SETTINGS.colour)
    luma = torch.from_numpy(grey)[None, None].float() / 255
    colorist.colours(shrink(luma, colorist.extent(_HEIGHT, _WIDTH)))
    colour = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    cv2.imencode(".jpg", colour, [cv2.IMWRITE_JPEG_QUALITY, 90])


def _colour(source: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        colorize(Job(source, folder / "result", folder, _SETTINGS), lambda _done, _all: None)


def _write_photograph(path: Path) -> Path:
    """A smooth picture with grain."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(30, 220, (30, 45)).astype(np.float32)
    rough = cv2.resize(coarse, (_WIDTH, _HEIGHT), interpolation=cv2.INTER_CUBIC)
    grainy = (rough + rng.normal(0, 4, rough.shape)).clip(0, 255).astype(np.uint8)
    cv2.imwrite(str(path), grainy, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return path


if __name__ == "__main__":
    main()
