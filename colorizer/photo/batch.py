"""Colour several photographs: all are examined, alike ones share a call of the network, and each is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

import torch

from colorizer.job import Job, ProgressCallback
from colorizer.model.chroma import ChromaFit
from colorizer.model.colorist import Colorist
from colorizer.photo.picture import MATRIX
from colorizer.photo.pipeline import ExaminedPhoto, examine, write
from colorizer.provenance import made_with
from colorizer.report import Report
from colorizer.settings import ColourSettings

_ROOM = 128 << 20
"""Bytes of memory in which the decoded pictures of a batch are kept; further ones are decoded again to be written."""
_TOGETHER = 16
"""Most pictures in one call of the network: an animation has hundreds."""

_Place = tuple[int, int]
"""Number of a photograph, and number of a frame in it."""


def colorize_photos(
    jobs: Sequence[Job],
    open_colorist: Callable[[ColourSettings], Colorist],
    on_turn: Callable[[int], None],
    on_progress: ProgressCallback,
) -> Iterator[tuple[int, Report | Exception]]:
    """Colour photographs; none changes the result of another, nor does one that fails.

    Args:
        jobs: what to do.
        open_colorist: gives the colorist of some settings, always the same one for the same settings.
        on_turn: called with the number of a job before work on it begins or goes on.
        on_progress: told how far that job is.

    Yields:
        The number of a job that has ended, and its report or what went wrong.

    """
    examined: dict[int, ExaminedPhoto] = {}
    room = _ROOM
    for number, job in enumerate(jobs):
        on_turn(number)
        try:
            examined[number] = examine(job, open_colorist(job.settings.colour).extent, on_progress, room)
        except Exception as error:  # noqa: BLE001 (a bad file hurts only itself)
            yield number, error
        else:
            room = max(0, room - examined[number].held)
    fits = _choose_chroma(examined, open_colorist)
    for number in sorted(examined):
        photo = examined.pop(number)  # the next one may need its memory
        on_turn(number)
        try:
            own = _fits_of(fits, number, len(photo.shown))
            yield number, write(photo, own, _maker(photo, open_colorist), on_progress)
        except Exception as error:  # noqa: BLE001 (likewise)
            yield number, error


def _maker(photo: ExaminedPhoto, open_colorist: Callable[[ColourSettings], Colorist]) -> str | None:
    """What made the colour, for the metadata; None where they do not say it: the original need not be read for it."""
    settings = photo.job.settings
    if not (settings.photo.provenance and photo.output.format.keeps_metadata):
        return None
    return made_with(open_colorist(settings.colour).weights, settings.colour, photo.job)


def _choose_chroma(
    examined: dict[int, ExaminedPhoto], open_colorist: Callable[[ColourSettings], Colorist]
) -> dict[_Place, ChromaFit | Exception]:
    """Choose the chroma of every frame, or say why that failed; alike frames are predicted together."""

    def likeness(place: _Place) -> tuple[object, ...]:
        photo = examined[place[0]]
        return id(open_colorist(photo.job.settings.colour)), *photo.shown[place[1]].shape

    fits: dict[_Place, ChromaFit | Exception] = {}
    places = [(number, frame) for number, photo in examined.items() for frame in range(len(photo.shown))]
    for _, group in groupby(sorted(places, key=likeness), key=likeness):
        alike = list(group)
        colorist = open_colorist(examined[alike[0][0]].job.settings.colour)
        for first in range(0, len(alike), _TOGETHER):
            chunk = alike[first : first + _TOGETHER]
            try:
                luma = [examined[number].shown[frame] for number, frame in chunk]
                fits |= zip(chunk, _fit(colorist, luma), strict=True)
            except Exception as error:  # noqa: BLE001 (the device cannot do it: each of them says so)
                fits |= dict.fromkeys(chunk, error)
    return fits


def _fit(colorist: Colorist, luma: Sequence[torch.Tensor]) -> list[ChromaFit]:
    fit = colorist.fit(torch.cat(tuple(luma)), MATRIX, mirrored=True)
    return [ChromaFit(slope, offset) for slope, offset in zip(fit.slope.split(1), fit.offset.split(1), strict=True)]


def _fits_of(fits: dict[_Place, ChromaFit | Exception], number: int, frames: int) -> list[ChromaFit]:
    """The chroma of a photograph's frames; raises what went wrong with one of them."""
    own = []
    for frame in range(frames):
        fit = fits[number, frame]
        if isinstance(fit, Exception):
            raise fit
        own.append(fit)
    return own
