"""How often the detection of colour errs, on pictures that are made from a folder of photographs in colour.

`python -m benchmarks.colour_verdicts FOLDER [DRAW]` makes three pictures of each photograph: a grey one, one in colour
and, of every fourth, one that is in doubt, each of one kind of `colour_set`. The photographs are numbered by name. The
thresholds of the detection were chosen by those with an even number; the others are held out. Another DRAW than 0 makes
other kinds of them, with other seeds.

A picture in colour is decided at sight if the photograph gives it two hues, at least 60 degrees apart, that each have 8
ab units or more on 3% of it. What the same maker makes of the photograph in black and white is subtracted before, so
that a tint or a mount is no such hue. The others (fog, snow, night, what has nearly faded) have hardly any colour:
they count apart.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.colour_set import MAKERS, Maker, make, without_colour
from colorizer.engine import open_colorist
from colorizer.model.colorist import Colorist, shrink
from colorizer.model.lab import Matrix, luma_of_rgb, rgb_to_lab
from colorizer.model.surround import Margins
from colorizer.model.tint_detection import Verdict, judge, judged_extent
from colorizer.settings import ColourSettings

_SHORT = 256
"""Short side of the photographs."""
_HUES, _CHROMA, _SHARE = 12, 8.0, 0.03
_DOUBTFUL = 4
"""Of so many photographs, one becomes a picture in doubt."""
_DRAW = 777_000
"""Distance between the seeds of two draws."""
HARDLY = "hardly in colour"
_WRONG = {"grey": {Verdict.COLOUR}, "colour": set(Verdict) - {Verdict.COLOUR}}
"""Verdicts that are errors."""

Kind = tuple[str, str]
"""What a person takes a picture for, and the name of its maker."""


@dataclass(slots=True)
class Verdicts:
    """Verdicts on the pictures of one half of the photographs."""

    by_kind: dict[Kind, Counter[Verdict]] = field(default_factory=dict)

    def add(self, kind: Kind, verdict: Verdict) -> None:
        """Count a verdict."""
        self.by_kind.setdefault(kind, Counter())[verdict] += 1

    def errors(self, truth: str, maker: str | None = None) -> str:
        """How many pictures of a truth, of one maker or of all, are judged wrongly."""
        found = [count for (what, name), count in self.by_kind.items() if what == truth and maker in {None, name}]
        every = sum(count.total() for count in found)
        wrong = sum(count[verdict] for count in found for verdict in _WRONG.get(truth, ()))
        return f"{wrong} of {every} ({wrong / max(1, every):.1%})"


def main() -> None:
    """Print the verdicts of each kind and both errors."""
    torch.set_num_threads(1)
    colorist = open_colorist(ColourSettings())
    draw = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    halves = [Verdicts(), Verdicts()]
    for number, path in enumerate(photographs_of(Path(sys.argv[1]))):
        for truth, maker, picture in _pictures(path, number, draw):
            halves[number % 2].add((truth, maker.__name__), judge_with(colorist, reduced(picture)))
    _print(halves)


def _pictures(path: Path, number: int, draw: int) -> Iterator[tuple[str, Maker, NDArray[np.uint8]]]:
    """The pictures that are made of a photograph, each with what a person takes it for, and its maker."""
    photo = read_photo(path)
    for seed, wanted in enumerate(("grey", "colour", "in doubt")):
        makers = [maker for maker, truth in MAKERS if truth == wanted]
        if wanted == "in doubt" and number // 2 % _DOUBTFUL:
            continue
        maker = makers[(number // (2 * _DOUBTFUL if wanted == "in doubt" else 2) + 5 * draw) % len(makers)]
        own_seed = 10 * number + seed + _DRAW * draw
        picture = make(maker, photo.copy(), own_seed)
        at_sight = wanted != "colour" or is_at_sight(picture, make(maker, without_colour(photo), own_seed))
        yield (wanted if at_sight else HARDLY), maker, picture


def _print(halves: Sequence[Verdicts]) -> None:
    tuning, held_out = halves
    table = Table("truth", "kind", *(verdict.value for verdict in Verdict), "errors", "errors, tuning half")
    for (truth, maker), found in sorted(held_out.by_kind.items()):
        errors = [half.errors(truth, maker) if truth in _WRONG else "" for half in (held_out, tuning)]
        table.add_row(truth, maker.replace("_", " "), *(str(found[verdict]) for verdict in Verdict), *errors)
    table.title = "Is it in colour? Verdicts on the photographs that are held out"
    Console().print(table)
    for truth, what in (("grey", "grey left alone"), ("colour", "colour coloured anew")):
        print(f"{what}: {held_out.errors(truth)}; tuning half: {tuning.errors(truth)}")


def photographs_of(folder: Path) -> list[Path]:
    """The photographs in a folder, by name."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".jpg", ".png", ".webp"})


def read_photo(path: Path) -> NDArray[np.float64]:
    """A photograph, R'G'B', float 0..1, (H, W, 3), shrunk to be judged soon."""
    with Image.open(path) as picture:
        rgb = picture.convert("RGB")
        scale = min(1.0, _SHORT / min(rgb.size))
        return np.asarray(rgb.resize((round(rgb.width * scale), round(rgb.height * scale))), np.float64) / 255


def reduced(picture: NDArray[np.uint8]) -> torch.Tensor:
    """A picture (H, W, 3) as it is judged: R'G'B', float 0..1, (3, h, w)."""
    rgb = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float() / 255
    return shrink(rgb, judged_extent(rgb.shape[-2], rgb.shape[-1]))[0]


def judge_with(colorist: Colorist, rgb: torch.Tensor) -> Verdict:
    """The verdict on a picture (3, h, w), for which the network is asked as in the product."""

    def expect(surround: Margins) -> torch.Tensor | None:
        luma = luma_of_rgb(surround.inside(rgb), Matrix.BT601)[None]
        moments = colorist.expect(shrink(luma, colorist.extent(*luma.shape[-2:])))
        return None if moments is None else moments[0]

    return judge(rgb, expect).verdict


def is_at_sight(picture: NDArray[np.uint8], grey: NDArray[np.uint8]) -> bool:
    """Whether a person sees several hues in a picture that the same picture without them has not."""
    both, black_and_white = (rgb_to_lab(shrink(reduced(one)[None], (32, 32))[0])[1:] for one in (picture, grey))
    ab = (both - black_and_white).flatten(1)
    a, b = ab - ab.median(dim=1, keepdim=True).values
    hues = (torch.atan2(b, a) / (2 * torch.pi) * _HUES).floor().long() % _HUES
    strong = torch.hypot(a, b) > _CHROMA
    shares = torch.bincount(hues[strong], minlength=_HUES) / len(a)
    large = (shares >= _SHARE).nonzero().flatten().tolist()
    return any(2 <= (one - other) % _HUES <= _HUES - 2 for one in large for other in large)


if __name__ == "__main__":
    main()
