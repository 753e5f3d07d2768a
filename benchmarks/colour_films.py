"""How often the detection of colour errs in films: short ones of known kinds, made from clips in colour.

`python -m benchmarks.colour_films FOLDER` makes a film of each kind in `colour_film_set` from each clip in a folder,
encodes it with x264, and lets tintd plan it, which is what decides about its frames. A film is wrong if tintd decides
otherwise than its maker about more than one frame in twenty. A clip without two clear hues (see `colour_verdicts`) in
the first frame of a print has hardly any colour: its films in colour count apart.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from itertools import islice
from pathlib import Path

import av
import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from benchmarks.colour_film_set import FILMS, Film, Pixels, frames_of
from benchmarks.colour_set import make, without_colour
from benchmarks.colour_verdicts import HARDLY, is_at_sight
from colorizer.engine import open_colorist
from colorizer.errors import InColourError
from colorizer.film.plan import plan_film, plan_scenes, probe_wanted
from colorizer.job import Job
from colorizer.model.colorist import Colorist
from colorizer.settings import JobSettings

_RATE, _SHORT, _FRAMES = 24, 240, 60
_FEW = 0.05
"""Share of the frames that may be judged wrongly: those beside a cut."""


def main() -> None:
    """Print how many films of each kind are judged wrongly."""
    torch.set_num_threads(1)
    colorist = open_colorist(JobSettings().colour)
    counts: dict[tuple[str, str], Counter[bool]] = {}
    for path in sorted(Path(sys.argv[1]).glob("*.mp4")):
        clip = read_clip(path)
        for seed, (name, film) in enumerate(FILMS.items()):
            wrong = wrong_share(film, clip, seed, colorist)
            counts.setdefault((_truth(film, clip, seed), name), Counter())[wrong > _FEW] += 1
            if wrong > _FEW:
                print(f"{path.name}, {name}: {wrong:.0%} of the frames are judged wrongly")
    _print(counts)


def wrong_share(film: Film, clip: list[Pixels], seed: int, colorist: Colorist) -> float:
    """The share of the frames of a film about which tintd decides otherwise than its maker."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        truth = _write(path, film, clip, seed)
        job = Job(path, Path(folder) / "result", Path(folder) / "workspace", JobSettings())
        try:
            plan = plan_film(job, probe_wanted(job, _ignore), colorist, _ignore)
        except InColourError:
            return truth.count(False) / len(truth)
        if plan.scenes is None:  # sampled frames have no chroma; colour is met later, and the film is planned again
            plan = plan_scenes(plan, job, colorist, _ignore)
        step = round(1 / _RATE / plan.info.time_base)
        return sum(plan.is_in_colour(number * step) is not wanted for number, wanted in enumerate(truth)) / len(truth)


def read_clip(path: Path) -> list[Pixels]:
    """The first frames of a clip, R'G'B', float 0..1, (H, W, 3), shrunk to be judged soon."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        scale = _SHORT / min(stream.width, stream.height)
        width, height = (round(side * scale / 2) * 2 for side in (stream.width, stream.height))
        frames = islice(container.decode(stream), _FRAMES)
        return [frame.to_ndarray(format="rgb24", width=width, height=height) / 255 for frame in frames]


def _truth(film: Film, clip: list[Pixels], seed: int) -> str:
    """What a film is."""
    if len({shot.in_colour for shot in film}) > 1:
        return "in part"
    if not film[0].in_colour:
        return "grey"
    both = (make(film[0].on_film, one, seed) for one in (clip[0].copy(), without_colour(clip[0])))
    return "in colour" if is_at_sight(*both) else HARDLY


def _write(path: Path, film: Film, clip: list[Pixels], seed: int) -> list[bool]:
    """Write a film; whether each of its frames is in colour."""
    truth: list[bool] = []
    height, width = clip[0].shape[:2]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=_RATE, options={"preset": "veryfast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for picture, shot in frames_of(film, clip, seed):
            samples = np.rint(picture.clip(0, 1) * 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(samples, format="rgb24")))
            truth.append(shot.in_colour)
        container.mux(stream.encode(None))
    return truth


def _print(counts: dict[tuple[str, str], Counter[bool]]) -> None:
    table = Table("truth", "kind", "films", "wrong", title="Films of known kinds")
    for (truth, name), count in sorted(counts.items()):
        table.add_row(truth, name, str(count.total()), str(count[True]))
    Console().print(table)
    for wanted in ("grey", "in colour", "in part", HARDLY):
        found = [count for (truth, _), count in counts.items() if truth == wanted]
        print(f"{wanted}: {sum(count[True] for count in found)} of {sum(count.total() for count in found)} are wrong")


def _ignore(*_progress: float) -> None:
    """Progress that nobody wants to see."""


if __name__ == "__main__":
    main()
