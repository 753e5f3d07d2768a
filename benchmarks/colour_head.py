"""Fits the heads that judge whether a picture is in colour (see `colorizer.model.colour_odds`).

`python -m benchmarks.colour_head FOLDER FILE [DRAWS]` makes pictures of each photograph with an even number, and fits
the heads to those about which the head is asked; the photographs that are held out in `colour_verdicts` are not looked
at. Each head learns from all photographs but a part of them, other ones for each, and says of the pictures of these
which odds it gives: by them, the bias is chosen. Each draw makes other pictures of each photograph.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
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
from benchmarks.colour_set import MAKERS, Maker, Pixels, Truth, make, without_colour
from benchmarks.colour_verdicts import HARDLY, is_at_sight, photographs_of, read_photo, reduced
from colorizer.engine import open_colorist
from colorizer.model.colorist import Colorist, shrink
from colorizer.model.colour_odds import HEADS, ColourHead, ColourHeads, maps_of, measure, odds
from colorizer.model.lab import Matrix, luma_of_rgb, rgb_to_lab
from colorizer.model.surround import Margins, find_plain_surround
from colorizer.model.tint_detection import is_undecided, see, without_scenery
from colorizer.settings import ColourSettings

_PICTURES: tuple[tuple[tuple[tuple[Maker, Truth], ...], Truth, int], ...] = (
    *((MAKERS, "grey", 3), (MAKERS, "colour", 4), (MAKERS, "in doubt", 1)),
    *(((*PRINTS, *PAINTS), "grey", 1), ((*PRINTS, *PAINTS), "colour", 2)),
)
"""How many pictures a draw makes of each photograph, each of another kind, of a group of kinds with one truth."""
_OFTEN: Mapping[str, float] = {
    "silvering": 1.5,
    "uneven_light": 1.5,
    "mount": 1.5,
    "chroma_noise": 1.2,
    "painted": 3.0,
    "tinted_print_on_mount": 2.5,
    "hand_tinted": 1.5,
    "oil_tinted": 1.5,
    "dyes_faded": 0.6,
    "faded_print_on_mount": 0.5,
    "coloured_print_on_mount": 0.3,
    "autochrome": 0.3,
    "as_it_is": 0.15,
    "touched_up": 2.0,
    "washed_over_tone": 2.0,
    "watercoloured": 1.5,
    "softly_coloured": 1.5,
    "_eastman _as_it_is": 0.5,
    "as_it_is _vhs": 0.2,
    "_half _tape": 0.1,
}
"""How often a kind is chosen, if not once: more often where the head is asked, and where it errs."""
_DRAWS = 2
"""How often pictures are made of each photograph, if not said."""
_KEPT = 0.25
"""Share of the pictures with hardly any colour that the head learns from."""
_WEIGHTS = {"grey": 1.0, "colour": 2.0, HARDLY: 0.6, "in doubt": 1.0}
"""How much a picture counts. Those in doubt are to count as grey."""
_GREY_LEFT_ALONE = 0.01
"""Share of the grey pictures of `colour_set` that may be left alone; films are judged by means of many frames."""
_EPOCHS, _BATCH, _RATE, _DECAY = 14, 64, 0.003, 0.02


@dataclass(frozen=True, slots=True)
class Example:
    """A picture as a head sees it."""

    photo: int
    """Number of its photograph."""
    kind: str
    truth: str
    alone: float
    """Logarithm of the odds without any head."""
    numbers: Tensor
    maps: Tensor | None
    """See `ColourHead`; None if no head is asked."""


def main() -> None:
    """Make the pictures, fit the heads and write them."""
    torch.set_num_threads(1)
    draws = int(sys.argv[3]) if len(sys.argv) > 3 else _DRAWS
    examples = list(make_examples(Path(sys.argv[1]), open_colorist(ColourSettings()), draws))
    save_file(fit(examples).state_dict(), sys.argv[2])


def make_examples(folder: Path, colorist: Colorist, draws: int) -> Iterator[Example]:
    """The pictures that the heads learn from."""
    for number, path in list(enumerate(photographs_of(folder)))[::2]:
        photo = read_photo(path)
        for draw in range(draws):
            yield from _examples(photo, number, np.random.default_rng((draw, number)), colorist)


def _examples(photo: Pixels, number: int, rng: np.random.Generator, colorist: Colorist) -> Iterator[Example]:
    for group, truth, count in _PICTURES:
        makers = [maker for maker, what in group if what == truth]
        often = np.array([_OFTEN.get(maker.__name__, 1.0) for maker in makers])
        for place in rng.choice(len(makers), count, replace=False, p=often / often.sum()):
            maker, seed = makers[place], int(rng.integers(1 << 30))
            picture = make(maker, photo.copy(), seed)
            if truth != "colour" or is_at_sight(picture, make(maker, without_colour(photo), seed)):
                yield _example(colorist, picture, number, maker.__name__, truth)
            elif rng.random() < _KEPT:
                yield _example(colorist, picture, number, maker.__name__, HARDLY)


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
    measured = measure(seen.own, seen.cells)
    alone = odds(measured)
    maps = maps_of(seen.own, seen.cells, seen.expected(expect(seen.surround))) if is_undecided(alone) else None
    return Example(photo, kind, truth, alone, torch.tensor(measured), maps)


def fit(examples: Sequence[Example]) -> ColourHeads:
    """Heads of which each learns from all photographs but a part, with one bias that the pictures of these give."""
    heads, odds = [], torch.tensor([example.alone for example in examples])
    for part in range(HEADS):
        heads.append(_fit([one for one in examples if one.maps is not None and _part(one) != part], part))
        new = [place for place, one in enumerate(examples) if one.maps is not None and _part(one) == part]
        odds[new] = _odds(heads[-1], [examples[place] for place in new])
    bias = _bias(examples, odds)
    print(f"bias {bias:.2f}; {_errors(examples, odds + bias)}", flush=True)
    with torch.no_grad():
        for head in heads:
            head.answer.bias.add_(bias)
    return ColourHeads(heads)


def _part(example: Example) -> int:
    """The part of the photographs to which that of an example belongs."""
    return example.photo // 2 % HEADS


def _fit(examples: Sequence[Example], seed: int) -> ColourHead:
    torch.manual_seed(seed)
    maps, numbers = _seen(examples)
    maps = maps.contiguous(memory_format=torch.channels_last)  # twice as fast
    weights = torch.tensor([_WEIGHTS[example.truth] for example in examples])
    wanted = torch.tensor([float(example.truth in {"colour", HARDLY}) for example in examples])
    head = ColourHead(numbers.shape[1]).to(memory_format=torch.channels_last)
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
    return head.eval().to(memory_format=torch.contiguous_format)


@torch.inference_mode()
def _odds(head: ColourHead, examples: Sequence[Example]) -> Tensor:
    odds: Tensor = head(*_seen(examples))
    return odds


def _seen(examples: Sequence[Example]) -> tuple[Tensor, Tensor]:
    """Maps and numbers of examples about which a head is asked."""
    maps = torch.stack([example.maps for example in examples if example.maps is not None])
    return maps, torch.stack([example.numbers for example in examples])


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
