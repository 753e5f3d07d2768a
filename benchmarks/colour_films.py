"""How often the detection of colour errs in films: short ones that are made from a folder of photographs in colour.

`python -m benchmarks.colour_films FOLDER [EVERY]` makes a grey film and one in colour of every 16th photograph, or of
one of EVERY: a pan over it of two seconds, each of one kind, encoded with x264, and lets tintd plan it. The same rule
as in `colour_verdicts` says which photographs are in colour at sight.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from scipy.ndimage import gaussian_filter

from benchmarks import colour_set
from benchmarks.colour_verdicts import is_at_sight, read_photo, without_colour
from colorizer.engine import open_colorist
from colorizer.errors import InColourError
from colorizer.film.plan import plan_film, probe_wanted
from colorizer.job import Job
from colorizer.model.colorist import Colorist
from colorizer.settings import JobSettings

_FRAMES, _RATE = 48, 24
_SHARE = 0.75
"""Height and width of a frame as a share of the photograph's, over which it pans."""
_EVERY = 16
_LUMA = np.array([0.299, 0.587, 0.114])

Pixels = NDArray[Any]
Generator = np.random.Generator
Print = Callable[[Pixels, Generator], Pixels]
"""Makes what is on the film from a photograph, R'G'B', float 0..1, (H, W, 3)."""
Capture = Callable[[Pixels, Generator, int], Pixels]
"""Makes what is captured from a frame, of which the number is given."""


def main() -> None:
    """Print how many films of each kind are left alone, whole or in part."""
    torch.set_num_threads(1)
    folder, every = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else _EVERY
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".jpg", ".png", ".webp"})
    colorist = open_colorist(JobSettings().colour)
    found: dict[tuple[str, str], Counter[str]] = {}
    for place, path in enumerate(paths[::every]):
        photo = read_photo(path)
        for what, kinds in (("grey", _GREY), ("colour", _COLOUR)):
            name = list(kinds)[place % len(kinds)]
            at_sight = what == "grey" or _is_at_sight(kinds[name][0], photo, place)
            truth = what if at_sight else "hardly in colour"
            found.setdefault((truth, name), Counter())[_verdict(photo, kinds[name], place, colorist)] += 1
    table = Table("truth", "kind", "coloured", "in part", "left alone", title="Films of which the kind is known")
    for (truth, name), count in sorted(found.items()):
        table.add_row(truth, name, *(str(count[verdict]) for verdict in ("coloured", "in part", "left alone")))
    Console().print(table)


def _verdict(photo: Pixels, kind: tuple[Print, Capture], seed: int, colorist: Colorist) -> str:
    """What tintd does with a film of a kind."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        _write(path, photo, kind, seed)
        job = Job(path, Path(folder) / "result", Path(folder) / "workspace", JobSettings())
        try:
            plan = plan_film(job, probe_wanted(job, _ignore), colorist, _ignore)
        except InColourError:
            return "left alone"
    return "in part" if plan.scenes is not None and plan.scenes.coloured else "coloured"


def _ignore(*_progress: float) -> None:
    """Progress that nobody wants to see."""


def _write(path: Path, photo: Pixels, kind: tuple[Print, Capture], seed: int) -> None:
    """Write a pan over a photograph."""
    on_film, captured = kind
    picture = on_film(photo.copy(), np.random.default_rng(seed))
    wide = picture.shape[:2]
    height, width = (int(side * _SHARE) // 2 * 2 for side in wide)
    rng = np.random.default_rng(seed)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=_RATE, options={"preset": "veryfast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(_FRAMES):
            down, right = ((side - part) * number // _FRAMES for side, part in zip(wide, (height, width), strict=True))
            view = captured(picture[down : down + height, right : right + width].copy(), rng, number)
            samples = np.rint(view.clip(0, 1) * 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(samples, format="rgb24")))
        container.mux(stream.encode(None))


def _is_at_sight(on_film: Print, photo: Pixels, seed: int) -> bool:
    pictures = (colour_set.make(on_film, one, seed) for one in (photo.copy(), without_colour(photo)))
    return is_at_sight(*pictures)


def _untoned(photo: Pixels, _rng: Generator) -> Pixels:
    return without_colour(photo)


def _half(photo: Pixels, _rng: Generator) -> Pixels:
    plain = without_colour(photo)
    return plain + (photo - plain) / 2


def _two_strips(photo: Pixels, _rng: Generator) -> Pixels:
    """Early Technicolor: one strip for red, one for green and blue, printed in orange and blue-green."""
    red, other = photo[..., :1], photo[..., 1:].mean(axis=2, keepdims=True)
    return np.concatenate((0.9 * red + 0.1 * other, 0.85 * other + 0.15 * red, 0.8 * other + 0.2 * red), axis=2)


def _as_it_is(frame: Pixels, _rng: Generator, _number: int) -> Pixels:
    return frame


def _tape(frame: Pixels, rng: Generator, _number: int) -> Pixels:
    """Chroma noise of VHS: long across, new in each frame and each line."""
    noise = gaussian_filter(rng.normal(size=frame.shape), (0.7, 6, 0))
    noise -= (noise @ _LUMA)[..., None]
    noisy: Pixels = frame + noise / noise.std() * rng.uniform(2, 5) / 255
    return noisy


def _cross_colour(frame: Pixels, _rng: Generator, number: int) -> Pixels:
    """Fine detail of the luma that a composite decoder takes for chroma; its phase turns from frame to frame."""
    luma = frame @ _LUMA
    detail = luma - gaussian_filter(luma, (0, 1))
    y, x = np.mgrid[: luma.shape[0], : luma.shape[1]]
    phase = (x + y + number) * np.pi / 2
    chroma = np.stack((np.cos(phase), -0.4 * np.cos(phase) - 0.3 * np.sin(phase), np.sin(phase)), axis=-1)
    crossed: Pixels = frame + 0.6 * detail[..., None] * chroma
    return crossed


def _logo(frame: Pixels, _rng: Generator, _number: int) -> Pixels:
    height, width = frame.shape[:2]
    frame[height // 14 : height // 6, -width // 6 : -width // 14] = (0.8, 0.1, 0.15)
    return frame


def _subtitle(frame: Pixels, rng: Generator, _number: int) -> Pixels:
    height, width = frame.shape[:2]
    line = frame[int(0.85 * height) : int(0.92 * height), width // 5 : -width // 5]
    line[gaussian_filter(rng.random(line.shape[:2]), 1) > 0.5] = (0.95, 0.9, 0.1)
    return frame


_GREY: dict[str, tuple[Print, Capture]] = {
    "toned": (colour_set.grey, _as_it_is),
    "toned, tape": (colour_set.grey, _tape),
    "tape": (_untoned, _tape),
    "cross colour": (_untoned, _cross_colour),
    "logo": (_untoned, _logo),
    "subtitle": (_untoned, _subtitle),
}
_COLOUR: dict[str, tuple[Print, Capture]] = {
    "as it is": (colour_set.as_it_is, _as_it_is),
    "tape": (colour_set.as_it_is, _tape),
    "half": (_half, _as_it_is),
    "faded": (colour_set.faded, _as_it_is),
    "two strips": (_two_strips, _as_it_is),
}


if __name__ == "__main__":
    main()
