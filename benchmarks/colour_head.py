"""Fits the head that judges whether a picture is in colour (see `colorizer.model.colour_odds`).

`python -m benchmarks.colour_head FOLDER FILE` makes pictures of each photograph with an even number, and fits the
head to them: those that are held out in `colour_verdicts` are not looked at. A quarter of the photographs is left out
first, which gives the bias; then all are taken.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from benchmarks.colour_film_set import PRINTS
from benchmarks.colour_paints import PAINTS
from benchmarks.colour_set import MAKERS, make, without_colour
from benchmarks.colour_verdicts import HARDLY, is_at_sight, photographs_of, read_photo, reduced
from colorizer.engine import open_colorist
from colorizer.model.colorist import Colorist, shrink
from colorizer.model.colour_odds import ColourHead, maps_of, measure
from colorizer.model.lab import Matrix, luma_of_rgb, rgb_to_lab
from colorizer.model.surround import Margins, find_plain_surround
from colorizer.model.tint_detection import see, without_scenery
from colorizer.settings import ColourSettings

_PICTURES = {"grey": 5, "colour": 6, "in doubt": 2}
"""Pictures of each photograph, each of another kind, by what a person takes them for."""
_WEIGHTS = {"grey": 1.0, "colour": 2.0, HARDLY: 0.15, "in doubt": 1.0}
"""How much a picture counts. Those in doubt are to count as grey."""
_GREY_LEFT_ALONE = 0.005
"""Share of the grey pictures of `colour_set` that may be left alone; films are judged by means of many frames."""
_EPOCHS, _BATCH, _RATE, _DECAY = 14, 64, 0.003, 0.02
_PARTS = 4


@dataclass(frozen=True, slots=True)
class Example:
    """A picture as the head sees it."""

    photo: int
    """Number of its photograph."""
    kind: str
    truth: str
    maps: Tensor
    numbers: Tensor
    """See `ColourHead`."""


def main() -> None:
    """Make the pictures, fit the head and write it."""
    torch.set_num_threads(1)
    examples = list(make_examples(Path(sys.argv[1]), open_colorist(ColourSettings())))
    save_file(fit(examples).state_dict(), sys.argv[2])


def make_examples(folder: Path, colorist: Colorist) -> Iterator[Example]:
    """The pictures that the head learns from."""
    for number, path in list(enumerate(photographs_of(folder)))[::2]:
        photo, rng = read_photo(path), np.random.default_rng(number)
        for truth, count in _PICTURES.items():
            makers = [maker for maker, what in (*MAKERS, *PRINTS, *PAINTS) if what == truth]
            for place in rng.choice(len(makers), min(count, len(makers)), replace=False):
                maker, seed = makers[place], int(rng.integers(1 << 30))
                picture = make(maker, photo.copy(), seed)
                seen = truth != "colour" or is_at_sight(picture, make(maker, without_colour(photo), seed))
                yield _example(colorist, picture, number, maker.__name__, truth if seen else HARDLY)


def fit(examples: Sequence[Example]) -> ColourHead:
    """A head that is fitted to all examples, whose bias is that of a head to which a quarter of them was new."""
    new = [example for example in examples if example.photo // 2 % _PARTS == 0]
    head = _fit([example for example in examples if example.photo // 2 % _PARTS])
    odds = _odds(head, new)
    bias = _bias(new, odds)
    print(f"bias {bias:.2f}; {_errors(new, odds + bias)}", flush=True)
    head = _fit(examples)
    with torch.no_grad():
        head.answer.bias.add_(bias)
    return head


def _example(colorist: Colorist, picture: NDArray[np.uint8], photo: int, kind: str, truth: str) -> Example:
    rgb = reduced(picture)
    lab = rgb_to_lab(rgb)

    def expect(surround: Margins) -> Tensor:
        luma = luma_of_rgb(surround.inside(rgb), Matrix.BT601)[None]
        moments = colorist.expect(shrink(luma, colorist.extent(*luma.shape[-2:])))
        if moments is None:
            raise SystemExit("the weights have no distribution: the head compares colours with it")
        return moments[0]

    seen = see(lab, without_scenery(lab, find_plain_surround(lab), expect), expect)
    maps = maps_of(seen.own, seen.cells, seen.expected(expect(seen.surround)))
    return Example(photo, kind, truth, maps, torch.tensor(measure(seen.own, seen.cells)))


def _fit(examples: Sequence[Example]) -> ColourHead:
    torch.manual_seed(0)
    maps = torch.stack([example.maps for example in examples])
    numbers = torch.stack([example.numbers for example in examples])
    weights = torch.tensor([_WEIGHTS[example.truth] for example in examples])
    wanted = torch.tensor([float(example.truth in {"colour", HARDLY}) for example in examples])
    head = ColourHead(numbers.shape[1])
    head.mean.copy_(numbers.mean(dim=0))
    head.deviation.copy_(numbers.std(dim=0))
    optimizer = torch.optim.AdamW(head.parameters(), _RATE, weight_decay=_DECAY)
    steps = _EPOCHS * (len(examples) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps)
    for step in range(steps):
        batch = torch.randint(len(examples), (_BATCH,))
        seen = maps[batch].flip(-1) if step % 2 else maps[batch]
        losses = functional.binary_cross_entropy_with_logits(
            head(seen, numbers[batch]), wanted[batch], reduction="none"
        )
        optimizer.zero_grad()
        (losses * weights[batch]).mean().backward()
        optimizer.step()
        schedule.step()
    return head.eval()


@torch.inference_mode()
def _odds(head: ColourHead, examples: Sequence[Example]) -> Tensor:
    return torch.cat([head(one.maps[None], one.numbers[None]) for one in examples])


def _bias(examples: Sequence[Example], odds: Tensor) -> float:
    """What is added to the odds so that at most so many grey pictures are left alone; 0 if there are fewer."""
    kinds = {maker.__name__ for maker, truth in MAKERS if truth == "grey"}
    grey = odds[[place for place, example in enumerate(examples) if example.kind in kinds]]
    return min(0.0, -float(grey.quantile(1 - _GREY_LEFT_ALONE)))


def _errors(examples: Sequence[Example], odds: Tensor) -> str:
    """The shares of the pictures of each truth that count as in colour."""
    shares = {}
    for truth in _WEIGHTS:
        found = odds[[place for place, example in enumerate(examples) if example.truth == truth]]
        shares[truth] = f"{int((found > 0).sum())} of {len(found)} {truth}"
    return ", ".join(shares.values()) + " count as in colour"


if __name__ == "__main__":
    main()
