"""Makes `docs/steadiness.webp`, which shows a film coloured frame by frame beside the same film with steady colours.

`python -m docs.make_steadiness FILM` takes a film of yours; without one, a grainy pan over a picture of the demo.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import av
from PIL import Image, ImageDraw, ImageFont

from benchmarks.footage import write_grainy_film
from colorizer.engine import colorize
from colorizer.job import Job
from colorizer.settings import DetectionSettings, FilmSettings, JobSettings, Steadiness

_TARGET = Path(__file__).parent / "steadiness.webp"
_WAYS: dict[str, Steadiness] = {"frame by frame": 0, "steady (auto)": "auto"}
_WIDTH, _FRAMES, _QUALITY = 360, 50, 60
"""Pixels of each of the two, number of frames that are shown, and the quality of the WebP: it stays under 1.5 MB."""
_MILLISECONDS = 80
"""How long each frame is shown: half the usual speed, so that one sees what flickers."""


def main(film: Path | None = None) -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = film or write_grainy_film(folder / "film.mp4", width=640, height=360, seconds=3)
        coloured = [_coloured(source, folder, title, steadiness) for title, steadiness in _WAYS.items()]
        pictures = [_side_by_side(*both) for both in zip(*coloured, strict=True)]
    first, *others = pictures
    first.save(_TARGET, save_all=True, append_images=others, duration=_MILLISECONDS, loop=0, quality=_QUALITY)


def _coloured(source: Path, folder: Path, title: str, steadiness: Steadiness) -> Iterator[Image.Image]:
    """The first frames of a film, coloured in one way, with its title."""
    settings = JobSettings(detection=DetectionSettings(input="grey"), film=FilmSettings(steadiness=steadiness))
    workspace = folder / title
    workspace.mkdir()
    job = Job(source, workspace / "result", workspace, settings)
    colorize(job, lambda _done, _all: None)
    with av.open(str(job.target)) as container:
        for frame in islice(container.decode(video=0), _FRAMES):
            picture = frame.to_image(width=_WIDTH, height=_WIDTH * frame.height // frame.width)
            write = ImageDraw.Draw(picture)
            write.text((8, 6), title, "white", ImageFont.load_default(15), stroke_width=2, stroke_fill="black")
            yield picture


def _side_by_side(left: Image.Image, right: Image.Image) -> Image.Image:
    both = Image.new("RGB", (left.width + right.width + 4, left.height), "white")
    both.paste(left, (0, 0))
    both.paste(right, (left.width + 4, 0))
    return both


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
