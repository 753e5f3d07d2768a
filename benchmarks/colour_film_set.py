"""Films whose kind is known, made from clips in colour: what old films look like in telecines and captures.

A film is a list of shots. Each has what was on the film (a print) and what a capture made of it. Its truth is whether
a person sees colour of the film's own in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from benchmarks import colour_set
from benchmarks.colour_set import without_colour

_LUMA = np.array([0.299, 0.587, 0.114])
Pixels = NDArray[Any]
"""R'G'B', float 0..1, (H, W, 3)."""
Generator = np.random.Generator
Print = Callable[[Pixels, Generator], Pixels]
"""Makes what is on the film from a frame; the generator is the same for each frame."""
Capture = Callable[[Pixels, Generator, int], Pixels]
"""Makes what is captured from a frame, of which the number is given."""


@dataclass(frozen=True, slots=True)
class Shot:
    """Frames of a clip, from a share of its length to another, as they are printed and captured."""

    on_film: Print
    captured: Capture
    in_colour: bool
    begin: float = 0.0
    end: float = 1.0


Film = tuple[Shot, ...]


def frames_of(film: Film, clip: list[Pixels], seed: int) -> Iterator[tuple[Pixels, Shot]]:
    """The captured frames of a film, each with its shot."""
    rng = np.random.default_rng(seed)
    for shot in film:
        for number in range(int(shot.begin * len(clip)), int(shot.end * len(clip))):
            printed = shot.on_film(clip[number].copy(), np.random.default_rng(seed))
            yield shot.captured(printed.clip(0, 1), rng, number), shot


def untoned(photo: Pixels, _rng: Generator) -> Pixels:
    """Black and white."""
    return without_colour(photo)


def _half(photo: Pixels, _rng: Generator) -> Pixels:
    plain = without_colour(photo)
    return plain + (photo - plain) / 2


def _two_strips(photo: Pixels, _rng: Generator) -> Pixels:
    """Early Technicolor: one strip for red, one for green and blue, printed in orange and blue-green."""
    red, other = photo[..., :1], photo[..., 1:].mean(axis=2, keepdims=True)
    return np.concatenate((0.9 * red + 0.1 * other, 0.85 * other + 0.15 * red, 0.8 * other + 0.2 * red), axis=2)


def _eastman(photo: Pixels, rng: Generator) -> Pixels:
    """Eastmancolor of the sixties: cyan has gone, yellow goes; magenta is left."""
    density = -np.log10(photo.clip(0.02, 1))
    kept = np.array((rng.uniform(0.3, 0.5), rng.uniform(0.8, 0.95), rng.uniform(0.5, 0.75)))
    faded: Pixels = 10 ** -(density * kept + np.array((0.02, 0.12, 0.1)))
    return faded


def _dark(photo: Pixels, _rng: Generator) -> Pixels:
    """A night that is hardly exposed."""
    dark: Pixels = photo * 0.07
    return dark


def _title(photo: Pixels, rng: Generator) -> Pixels:
    """A card with letters and ornaments of three colours on a fourth one."""
    height, width = photo.shape[:2]
    card = np.full(photo.shape, (0.1, 0.2, 0.5)) * np.linspace(1.3, 0.7, height)[:, None, None]
    for top, colour in ((0.2, (0.9, 0.8, 0.2)), (0.45, (0.85, 0.2, 0.15)), (0.7, (0.3, 0.7, 0.3))):
        line = card[int(top * height) : int((top + 0.15) * height), width // 6 : -width // 6]
        line[gaussian_filter(rng.random(line.shape[:2]), 2) > 0.5] = colour
    return card


def _toned(photo: Pixels, _rng: Generator, tone: tuple[float, float, float]) -> Pixels:
    """Dyed film: white has the colour of the dye."""
    return without_colour(photo) * tone


def _as_it_is(frame: Pixels, _rng: Generator, _number: int) -> Pixels:
    return frame


def _noise(frame: Pixels, rng: Generator, _number: int, deviation: float) -> Pixels:
    """Noise of so many code values in each chroma sample, new in each frame."""
    chroma = rng.normal(0, deviation / 255, (*frame.shape[:2], 2))
    red, blue = chroma[..., 0] * 1.4, chroma[..., 1] * 1.77
    noisy: Pixels = frame + np.stack((red, -0.51 * red - 0.19 * blue, blue), axis=-1)
    return noisy


def _tape(frame: Pixels, rng: Generator, _number: int) -> Pixels:
    """Chroma noise of VHS: long across, new in each frame and each line."""
    noise = gaussian_filter(rng.normal(size=frame.shape), (0.7, 6, 0))
    noise -= (noise @ _LUMA)[..., None]
    noisy: Pixels = frame + noise / noise.std() * rng.uniform(2, 5) / 255
    return noisy


def _vhs(frame: Pixels, rng: Generator, number: int) -> Pixels:
    """A worn tape: chroma smeared and late, a cast, noise, dropouts, and colours where the heads change."""
    luma = (frame @ _LUMA)[..., None]
    smeared = np.roll(gaussian_filter(frame - luma, (2, 8, 0)), 3, axis=1)
    worn: Pixels = _tape(luma + smeared, rng, number) + np.array((0.02, -0.01, 0.03))
    height, width = worn.shape[:2]
    worn[-height // 40 :] += rng.normal(0, 0.25, (1, width, 3))
    if rng.random() < 0.2:
        worn[rng.integers(height), : width // 3] += (0.4, 0.1, 0.5)
    return worn


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


def _subtitle(frame: Pixels, _rng: Generator, number: int) -> Pixels:
    """Two lines of yellow letters, other ones from time to time."""
    height, width = frame.shape[:2]
    lines = np.random.default_rng(number // 40)
    for top in (0.79, 0.87):
        line = frame[int(top * height) : int((top + 0.06) * height), width // 5 : -width // 5]
        line[gaussian_filter(lines.random(line.shape[:2]), 1) > 0.5] = (0.95, 0.9, 0.1)
    return frame


def _telecine(frame: Pixels, rng: Generator, number: int) -> Pixels:
    """A film scanner's cast, which breathes, with uneven light and coarse grain in three colours."""
    height, width = frame.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    cast = np.array((1.04, 0.99, 0.94)) + 0.01 * np.sin(number / 7)
    light = 1 + (0.05 * x + 0.03 * y)[..., None] * np.array((1.0, 0.2, -0.8))
    grain = gaussian_filter(rng.normal(0, 1, frame.shape), (1, 1, 0)) * 0.06
    seen: Pixels = frame * cast * light + grain
    return seen


_NIGHT, _AMBER, _SEPIA = (0.35, 0.55, 0.95), (1.0, 0.75, 0.35), (1.0, 0.88, 0.7)


def _grey(on_film: Print = untoned, captured: Capture = _as_it_is) -> Film:
    return (Shot(on_film, captured, in_colour=False),)


def _coloured(on_film: Print = colour_set.as_it_is, captured: Capture = _as_it_is) -> Film:
    return (Shot(on_film, captured, in_colour=True),)


_GREY_SHOT = Shot(untoned, partial(_noise, deviation=1), in_colour=False)
_COLOUR_SHOT = Shot(colour_set.as_it_is, _as_it_is, in_colour=True)

FILMS: dict[str, Film] = {
    "noise of 1": _grey(captured=partial(_noise, deviation=1)),
    "noise of 2": _grey(captured=partial(_noise, deviation=2)),
    "noise of 3": _grey(captured=partial(_noise, deviation=3)),
    "cross colour": _grey(captured=_cross_colour),
    "logo": _grey(captured=_logo),
    "subtitle": _grey(captured=_subtitle),
    "tape": _grey(captured=_tape),
    "toned, tape": _grey(partial(_toned, tone=_SEPIA), _tape),
    "worn tape": _grey(captured=_vhs),
    "telecine": _grey(captured=_telecine),
    "sepia": _grey(partial(_toned, tone=_SEPIA)),
    "amber, then night": (
        Shot(partial(_toned, tone=_AMBER), _as_it_is, in_colour=False, end=0.5),
        Shot(partial(_toned, tone=_NIGHT), _as_it_is, in_colour=False, begin=0.5),
    ),
    "as it is": _coloured(),
    "colour on tape": _coloured(captured=_tape),
    "colour on worn tape": _coloured(captured=_vhs),
    "half": _coloured(_half),
    "faded": _coloured(colour_set.faded),
    "Eastmancolor": _coloured(_eastman),
    "two strips": _coloured(_two_strips),
    "hand-tinted": _coloured(colour_set.hand_tinted),
    "stencilled": _coloured(colour_set.painted),
    "coloured title": (Shot(_title, _as_it_is, in_colour=True, end=0.5), _GREY_SHOT),
    "beginning in colour": (Shot(colour_set.as_it_is, _as_it_is, in_colour=True, end=0.5), _GREY_SHOT),
    "end in colour": (_GREY_SHOT, Shot(colour_set.as_it_is, _as_it_is, in_colour=True, begin=0.5)),
    "long dark shot": (_COLOUR_SHOT, Shot(_dark, partial(_noise, deviation=1), in_colour=True)),
    "long grey shot": (_COLOUR_SHOT, _GREY_SHOT, _COLOUR_SHOT),
}
"""Every kind."""


def _as_maker(on_film: Print, captured: Capture) -> Print:
    def printed(photo: Pixels, rng: Generator) -> Pixels:
        return captured(on_film(photo, rng).clip(0, 1), rng, 0)

    printed.__name__ = f"{on_film.__name__} {captured.__name__}"
    return printed


PRINTS: tuple[tuple[Print, colour_set.Truth], ...] = (
    *((_as_maker(untoned, capture), "grey") for capture in (_tape, _vhs, _telecine, _cross_colour)),
    *((_as_maker(colour_set.grey, capture), "grey") for capture in (_tape, _vhs)),
    *((_as_maker(print_, _as_it_is), "colour") for print_ in (_two_strips, _eastman)),
    (_as_maker(_half, _tape), "colour"),
    (_as_maker(colour_set.as_it_is, _vhs), "colour"),
)
"""Single frames of films, with what a person takes them for."""
