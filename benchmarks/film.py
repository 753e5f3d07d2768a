"""Colouring a 1080p film against re-encoding it with the same encoder settings and no colour: the floor.

Weights are loaded before, as in a running service. `python -m benchmarks.film SECONDS` takes a film of another length.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

import av
from av.video.frame import PictureType
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Cost, Figure, cost_of
from benchmarks.footage import write_grainy_film
from colorizer.engine import colorize, open_colorist
from colorizer.film.decode.frames import read_frames
from colorizer.film.decode.probe import probe_film
from colorizer.film.encode.encoder import add_picture, choose_encoding
from colorizer.job import Job
from colorizer.model.device import bfloat16_is_faster
from colorizer.settings import FilmSettings, JobSettings

_ROUNDS = 3
_SECONDS, _RATE = 20, 25
SETTINGS = JobSettings(film=FilmSettings(quality=18, speed="veryfast"))
"""Those of the films' own encoding."""
_BARS = {True: 1.2, False: 1.45}
"""Greatest good ratio where bfloat16 is faster, and elsewhere."""
_PROCESSOR_BAR = 24
"""Most ms of processor time that colour adds to a frame, where bfloat16 is faster."""


def main(seconds: int = _SECONDS) -> list[Figure]:
    """Print the ratio, the two alternating three times, the median."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = write_grainy_film(folder / "film.mp4", width=1920, height=1080, seconds=seconds, rate=_RATE)
        fast = bfloat16_is_faster(open_colorist(SETTINGS.colour).device)
        floors, ours = [], []
        for _ in range(_ROUNDS):
            floors.append(cost_of(lambda: reencode(source, folder / "floor.mp4")))
            with tempfile.TemporaryDirectory(dir=folder) as workspace:  # a new one: else it goes on where it ended
                ours.append(cost_of(lambda: _colour(source, Path(workspace))))
    frames = seconds * _RATE
    ratio = statistics.median(our.seconds / floor.seconds for our, floor in zip(ours, floors, strict=True))
    added = [1000 * (our.processor - floor.processor) / frames for our, floor in zip(ours, floors, strict=True)]
    _print(frames, {"decode and encode alone": floors, "coloured": ours}, f"ratio {ratio:.2f}; target {_BARS[fast]}")
    return [
        Figure("film of 1080p / decoding and encoding alone", ratio, "times", _BARS[fast]),
        Figure(
            "processor time that colour adds to a frame",
            statistics.median(added),
            "ms",
            _PROCESSOR_BAR if fast else None,
        ),
    ]


def _print(frames: int, costs: dict[str, list[Cost]], caption: str) -> None:
    table = Table("", "seconds, median", "frames/s", "processor time, ms/frame", "processors used")
    for title, some in costs.items():
        seconds, processor = (statistics.median(one) for one in zip(*some, strict=True))
        figures = seconds, frames / seconds, 1000 * processor / frames
        table.add_row(title, *(f"{figure:.1f}" for figure in figures), f"{processor / seconds:.2f}")
    table.title = f"1080p, {frames} grainy frames, x264 veryfast crf 18"
    table.caption = caption
    Console().print(table)


def reencode(source: Path, target: Path) -> None:
    """Write the film's picture anew with the settings that tintd takes, without colour: the floor."""
    info = probe_film(source, SETTINGS.film.max_megapixels)
    with av.open(str(target), "w") as container:
        stream = add_picture(container, choose_encoding(info, SETTINGS.film), info, info.width)
        for frame in read_frames(info):
            frame.picture.pict_type = PictureType.NONE
            container.mux(stream.encode(frame.picture))
        container.mux(stream.encode(None))


def _colour(source: Path, folder: Path) -> None:
    colorize(Job(source, folder / "result", folder, SETTINGS), lambda _done, _all: None)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
