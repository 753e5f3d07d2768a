"""Colour several photographs: all are examined, and each is written while the network looks at the next ones.

The network has a thread of its own, and so have the fingerprints of the originals. All else that is done with a file is
done in the caller's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from itertools import groupby

import torch

from colorizer.job import Job, ProgressCallback
from colorizer.model.chroma import ChromaFit
from colorizer.model.colorist import Colorist
from colorizer.model.upright import Inversion, Pose
from colorizer.photo.picture import MATRIX
from colorizer.photo.pipeline import ExaminedPhoto, examine, write
from colorizer.provenance import made_with
from colorizer.report import Report
from colorizer.settings import ColourSettings

_ROOM = 128 << 20
"""Bytes of memory in which the decoded pictures of a batch are kept; further ones are decoded again to be written."""
_TOGETHER = 16
"""Most pictures in one call of the network: an animation has hundreds."""
_ALONE = {"cpu"}
"""Types of devices on which a larger batch takes no less time, so that none has to wait for others."""

_Place = tuple[int, int]
"""Number of a photograph, and number of a frame in it."""
_Fit = tuple[ChromaFit, Pose]
"""Chroma of a frame, and the pose of what it shows (see `ColourModel.poses_of`)."""
_Fits = dict[_Place, Callable[[], _Fit]]
"""How to get the chroma of each frame: the function waits for it, or raises what went wrong with it."""


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
    makers: dict[int, Future[str | None]] = {}
    fits: _Fits = {}
    room = _ROOM
    with (
        start_network_thread() if len(jobs) > 1 else nullcontext() as network,
        ThreadPoolExecutor(1, "fingerprints") as fingerprints,
    ):
        for number, job in enumerate(jobs):
            on_turn(number)
            try:
                colorist = open_colorist(job.settings.colour)
                makers[number] = fingerprints.submit(_maker, job, colorist.weights)  # decoding takes one thread
                photo = examined[number] = examine(job, colorist, on_progress, room)
            except Exception as error:  # noqa: BLE001 (a bad file hurts only itself)
                yield number, error
                continue
            room = max(0, room - photo.held)
            if colorist.device.type in _ALONE:
                fits |= _choose_chroma({number: photo}, open_colorist, network)
        waiting = {number: photo for number, photo in examined.items() if (number, 0) not in fits}
        fits |= _choose_chroma(waiting, open_colorist, network)
        for number in sorted(examined):
            photo = examined.pop(number)  # the next one may need its memory
            on_turn(number)
            try:
                own = [fits.pop((number, frame))() for frame in range(len(photo.shown))]
                maker = makers.pop(number).result() if photo.output.format.keeps_metadata else None
                yield number, write(photo, own, maker, on_progress)
            except Exception as error:  # noqa: BLE001 (likewise)
                yield number, error


def start_network_thread() -> ThreadPoolExecutor:
    """Start a thread that has as many threads of torch as this one, also while this one computes alone."""
    network = ThreadPoolExecutor(1, "network")
    network.submit(torch.get_num_threads).result()  # otherwise it has as many as there are at its first computation
    return network


def _maker(job: Job, weights: str) -> str | None:
    """What made the colour, for the metadata; None where they do not say it: the original need not be read for it."""
    return made_with(weights, job.settings.colour, job) if job.settings.photo.provenance else None


def _choose_chroma(
    examined: dict[int, ExaminedPhoto], open_colorist: Callable[[ColourSettings], Colorist], network: Executor | None
) -> _Fits:
    """Begin to choose the chroma of every frame; alike frames are predicted together."""

    def likeness(place: _Place) -> tuple[object, ...]:
        photo = examined[place[0]]
        colorist = open_colorist(photo.job.settings.colour)
        own = photo.has_pose, photo.may_be_turned, photo.may_be_inverted
        return id(colorist), *own, *photo.shown[place[1]].shape

    fits: _Fits = {}
    places = [(number, frame) for number, photo in examined.items() for frame in range(len(photo.shown))]
    for _, group in groupby(sorted(places, key=likeness), key=likeness):
        alike = list(group)
        colorist = open_colorist(examined[alike[0][0]].job.settings.colour)
        for first in range(0, len(alike), _TOGETHER):
            chunk = alike[first : first + _TOGETHER]
            luma = [examined[number].shown[frame] for number, frame in chunk]
            first_of_all = examined[chunk[0][0]]
            fit = partial(_fit_upright, of=first_of_all) if first_of_all.has_pose else _fit
            chosen = _begin(partial(fit, colorist, luma), network)
            fits |= {place: partial(_one_of, chosen, number) for number, place in enumerate(chunk)}
    return fits


def _begin(work: Callable[[], list[_Fit]], network: Executor | None) -> Future[list[_Fit]]:
    """Do some work in the network's thread, or at once where it has none."""
    if network is not None:
        return network.submit(work)
    done: Future[list[_Fit]] = Future()
    try:
        done.set_result(work())
    except Exception as error:  # noqa: BLE001 (each photograph that waits for it raises it)
        done.set_exception(error)
    return done


def _one_of(chosen: Future[list[_Fit]], number: int) -> _Fit:
    return chosen.result()[number]


def _fit_upright(colorist: Colorist, luma: Sequence[torch.Tensor], *, of: ExaminedPhoto) -> list[_Fit]:
    """Chroma and poses of pictures that may be seen as those of one photograph; negatives may be seen as positives."""
    fit, poses = colorist.fit_upright(torch.cat(tuple(luma)), MATRIX, turn=of.may_be_turned)
    found = list(zip(_parted(fit), poses, strict=True))
    for number, pose in enumerate(poses):
        if pose.is_negative and of.may_be_inverted:
            positive = Inversion.of(luma[number]).positive(luma[number])
            own, (upright,) = colorist.fit_upright(positive, MATRIX, turn=of.may_be_turned)
            found[number] = own, replace(upright, is_negative=True)
    return found


def _fit(colorist: Colorist, luma: Sequence[torch.Tensor]) -> list[_Fit]:
    fit = colorist.fit(torch.cat(tuple(luma)), MATRIX, mirrored=True)
    return [(one, Pose()) for one in _parted(fit)]


def _parted(fit: ChromaFit) -> list[ChromaFit]:
    """The fit of each picture."""
    return [ChromaFit(*one) for one in zip(fit.slope.split(1), fit.offset.split(1), strict=True)]
