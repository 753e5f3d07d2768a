"""Colouring a 1080p film against re-encoding it with the same encoder settings and no colour: the floor.

Weights are loaded before, as in a running service.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import av
from av.video.frame import PictureType
from rich.console import Console
from rich.table import Table

from benchmarks.footage import write_grainy_film
from colorizer.engine import colorize, open_colorist
from colorizer.film.decode.frames import read_frames
from colorizer.film.decode.probe import probe_film
from colorizer.film.encode.encoder import add_picture, choose_encoding
from colorizer.job import Job
from colorizer.settings import FilmSettings, JobSettings

_ROUNDS = 3
_SETTINGS = JobSettings(film=FilmSettings(quality=18, speed="veryfast"))


def main() -> None:
    """Print the ratio, the two alternating three times, the median."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = write_grainy_film(folder / "film.mp4", width=1920, height=1080, seconds=9)
        open_colorist(_SETTINGS.colour)
        floors, ours = [], []
        for _ in range(_ROUNDS):
            floors.append(_reencode(source, folder / "floor.mp4"))
            with tempfile.TemporaryDirectory(dir=folder) as workspace:  # a new one: else it goes on where it ended
                ours.append(_colour(source, Path(workspace)))
    table = Table("", "seconds, median", "frames/s")
    frames = 9 * 25
    for title, seconds in (("decode and encode alone", floors), ("coloured", ours)):
        table.add_row(title, f"{statistics.median(seconds):.1f}", f"{frames / statistics.median(seconds):.1f}")
    ratios = [one / other for one, other in zip(ours, floors, strict=True)]
    table.title = f"1080p, {frames} grainy frames, x264 veryfast crf 18"
    table.caption = f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}); target 1.2"
    Console().print(table)


def _reencode(source: Path, target: Path) -> float:
    begun = time.perf_counter()
    info = probe_film(source, _SETTINGS.film.max_megapixels)
    with av.open(str(target), "w") as container:
        stream = add_picture(container, choose_encoding(info, _SETTINGS.film), info, info.width)
        for frame in read_frames(info):
            frame.picture.pict_type = PictureType.NONE
            container.mux(stream.encode(frame.picture))
        container.mux(stream.encode(None))
    return time.perf_counter() - begun


def _colour(source: Path, folder: Path) -> float:
    begun = time.perf_counter()
    colorize(Job(source, folder / "result", folder, _SETTINGS), lambda _done, _all: None)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
