"""Negatives among the pictures of a photograph: left as they are, inverted or coloured, as the settings say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import pyvips

from colorizer.errors import AGAINST_NEGATIVES, NegativeError
from colorizer.job import Job
from colorizer.model.surround import Margins
from colorizer.model.tint_detection import Verdict
from colorizer.model.upright import Inversion, Pose
from colorizer.photo.picture import Photo, Picture, luma_of, split_alpha
from colorizer.photo.reduction import Reduction, reduce_luma


@dataclass(frozen=True, slots=True)
class TreatedPhoto:
    """A photograph whose negatives were treated."""

    photo: Photo
    """Its inverted pictures are read as positives."""
    reductions: tuple[Reduction, ...]
    """Those of its pictures; one that stays as it is counts as one in colour."""
    notes: tuple[str, ...] = ()
    """Notes for the report."""
    inverted: bool = False
    """Whether any picture was inverted."""


def treat_negatives(job: Job, photo: Photo, reductions: Sequence[Reduction], poses: Sequence[Pose]) -> TreatedPhoto:
    """Leave negatives as they are, or invert them.

    Args:
        job: has the settings.
        photo: the photograph.
        reductions: of each of its pictures.
        poses: of each frame of them; only pictures of one frame are negatives, and none that is in colour.

    Raises:
        NegativeError: the settings leave negatives alone, and nothing else is left to be coloured.
        pyvips.Error: a negative cannot be read any more.

    """
    treatment = job.settings.detection.negatives
    places = [place for place, pose in enumerate(poses) if pose.is_negative]
    if treatment == "colour" or not places:
        return TreatedPhoto(photo, tuple(reductions))
    if treatment == "invert":
        return _with_positives(photo, reductions, places)
    kept = [replace(one, verdict=Verdict.COLOUR) if place in places else one for place, one in enumerate(reductions)]
    if all(one.verdict is Verdict.COLOUR for one in kept):
        raise NegativeError(job.source.name, in_colour=len(kept) - len(places))
    names = (_name(place, photo) for place in places)
    notes = tuple(f"{name} looks like a negative, and stays as it is; {AGAINST_NEGATIVES}" for name in names)
    return TreatedPhoto(photo, tuple(kept), notes)


def _with_positives(photo: Photo, reductions: Sequence[Reduction], places: Sequence[int]) -> TreatedPhoto:
    pictures, reduced, notes = list(photo.pictures), list(reductions), []
    for place in places:
        inversion = Inversion.of(reductions[place].shown[0])
        pictures[place] = _positive(pictures[place], inversion)
        reduced[place] = _reduced(reductions[place], pictures[place])
        notes.append(inversion.describe(_name(place, photo)))
    return TreatedPhoto(replace(photo, pictures=tuple(pictures)), tuple(reduced), tuple(notes), inverted=True)


def _reduced(negative: Reduction, positive: Picture) -> Reduction:
    """The reduction of a positive, by that of its negative; a surround keeps no colour of its own."""
    height, width = negative.luma[0].shape[-2:]
    return replace(negative, luma=reduce_luma(positive, lambda _height, _width: (height, width)), kept=Margins())


def _positive(picture: Picture, inversion: Inversion) -> Picture:
    """A negative that is read as its positive, in grey."""
    return replace(picture, open=partial(_open_positive, picture, inversion), strips=None)


def _open_positive(picture: Picture, inversion: Inversion) -> pyvips.Image:
    colour, alpha = split_alpha(picture.open())
    inverted = (inversion.base - luma_of(colour, picture.white)) / inversion.span
    positive = inverted.maxpair(0).minpair(1) ** inversion.exponent * picture.white
    grey = positive.copy(interpretation="b-w")
    return grey if alpha is None else grey.bandjoin(alpha.cast("float"))


def _name(place: int, photo: Photo) -> str:
    return "the picture" if len(photo.pictures) == 1 else f"page {place + 1}"
