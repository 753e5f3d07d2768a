"""Colour one photograph in three steps: examine it, choose its chroma (see `batch`), and write it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

import pyvips
from torch import Tensor

from colorizer.errors import InColourError, MediaError, TruncatedError, UnsupportedError
from colorizer.job import Job, ProgressCallback
from colorizer.model.chroma import ChromaFit
from colorizer.model.colorist import Colorist
from colorizer.model.orientation import unorient
from colorizer.model.surround import pad_fit
from colorizer.model.tint_detection import Verdict
from colorizer.model.upright import Pose
from colorizer.photo.failures import explained
from colorizer.photo.formats import TIFF, PhotoFormat, detect_format
from colorizer.photo.formats.photo_format import FailOn, Opening
from colorizer.photo.metadata import with_profile
from colorizer.photo.negatives import treat_negatives
from colorizer.photo.output_format import OutputPlan, held_sample, held_white, plan_output, suffix_of
from colorizer.photo.picture import ColouredStrips, Photo
from colorizer.photo.reduction import Reduction, reduce_picture
from colorizer.photo.results import ResultPlan, check_result, write_kept_page, write_page, write_picture
from colorizer.photo.strips import colour_picture, coloured_strips, grey_picture, own_picture
from colorizer.photo.tags import merge_pages
from colorizer.photo.watching import watch
from colorizer.provenance import add_inversion, add_turns, describe_turn
from colorizer.report import Report
from colorizer.size_rules import check_file, check_picture

_LEAST_SEEN = 16
"""Least side in pixels of pictures that may lie on a side or be negatives; smaller ones show nothing."""
_NEARLY_BLACK = 0.1
"""Luma below which nothing gets a colour that a person would see."""


@dataclass(frozen=True, slots=True)
class ExaminedPhoto:
    """A photograph that waits for its chroma."""

    job: Job
    photo: Photo
    output: OutputPlan
    reductions: tuple[Reduction, ...]
    """Each of its pictures at a small size."""
    notes: tuple[str, ...]
    """Notes for the report."""

    @property
    def luma(self) -> tuple[Tensor, ...]:
        """Luma of each frame of each picture; see `Reduction.luma`."""
        return tuple(luma for reduction in self.reductions for luma in reduction.luma)

    @property
    def shown(self) -> tuple[Tensor, ...]:
        """What the network sees of each of them; see `Reduction.shown`."""
        return tuple(shown for reduction in self.reductions for shown in reduction.shown)

    @property
    def has_pose(self) -> bool:
        """Whether it matters how it lies, or if it is a negative; tiny pictures and animations are seen as they are."""
        if any(min(one.height, one.width) < _LEAST_SEEN or one.frames > 1 for one in self.photo.pictures):
            return False
        return self.may_be_turned or self.job.settings.detection.negatives != "colour"

    @property
    def may_be_turned(self) -> bool:
        """Whether the network may see it turned, if its pose is looked at."""
        return self.job.settings.photo.turn == "auto"

    @property
    def may_be_inverted(self) -> bool:
        """Whether the network sees its positive, if it is a negative."""
        return self.job.settings.detection.negatives == "invert"

    @property
    def held(self) -> int:
        """Bytes of memory that hold its decoded pictures."""
        return sum(picture.held for picture in self.photo.pictures)


def examine(job: Job, colorist: Colorist, on_progress: ProgressCallback, room: int = 0) -> ExaminedPhoto:
    """Read a photograph, and find out how to write its result.

    Args:
        job: what to do.
        colorist: gives the working size, and the colours that it expects.
        on_progress: called with the pictures that are done, and all.
        room: bytes of memory in which its decoded pictures may be kept; otherwise `write` decodes them again.

    Raises:
        InColourError: it is in colour already, and the settings say that this matters.
        TruncatedError: the file ends too early.
        UnsupportedError: it is no photograph that can be coloured, or has a size that the settings exclude.
        MediaError: it is damaged, or too large.
        OSError: it cannot be read.

    """
    photo_format = detect_format(job.source)
    if photo_format is None:
        raise UnsupportedError(f"{job.source.name}: no photograph that tintd can read")
    check_file(job.source, job.settings.size)
    read = partial(_examine, job, photo_format, colorist, on_progress, room)
    if not photo_format.can_be_completed:
        return read("error")
    try:
        return read("warning")
    except UnsupportedError:
        raise
    except MediaError as error:
        damage = str(error).removeprefix(f"{job.source.name}: ")
    try:
        return read("error", f"{damage}; parts of the result may be wrong")
    except TruncatedError:
        if job.settings.photo.truncated == "refuse":
            raise
    return read("none", "the picture breaks off; what is missing is grey")


def _examine(  # noqa: PLR0913, PLR0917 (what `examine` has, and the way of reading)
    job: Job,
    photo_format: PhotoFormat,
    colorist: Colorist,
    on_progress: ProgressCallback,
    room: int,
    fail_on: FailOn,
    *damage: str,
) -> ExaminedPhoto:
    opening = Opening(job.settings.photo, fail_on=fail_on, room=room, on_progress=partial(on_progress, 0, 1))
    with explained(job.source, photo_format):
        photo = photo_format.open(job.source, opening)
        check_picture(job.source, photo.pictures[0].width, photo.pictures[0].height, job.settings.size)
        reduce_one = partial(
            reduce_picture,
            extent=colorist.extent,
            judge_colour=job.settings.detection.checks_colour,
            expect=colorist.expect,
        )
        pages = len(photo.pictures)
        reductions = tuple(
            reduce_one(picture, on_progress=partial(on_progress, number, pages))
            for number, picture in enumerate(photo.pictures)
        )
        judged = _check_grey(job, photo, reductions)
        output = plan_output(photo, job.settings.photo, across=job.across)
    read = tuple(dict.fromkeys(note for picture in photo.pictures for note in picture.notes))
    return ExaminedPhoto(job, photo, output, reductions, damage + photo.notes + read + judged + output.notes)


def _check_grey(job: Job, photo: Photo, reductions: Sequence[Reduction]) -> tuple[str, ...]:
    """Refuse a photograph of which every page is in colour; return notes on what its pages are."""
    pages = len(reductions)
    coloured = sum(reduction.verdict is Verdict.COLOUR for reduction in reductions)
    if coloured == pages:
        first = photo.pictures[0]
        frames = sum(picture.frames for picture in photo.pictures)
        raise InColourError(job.source.name, width=first.width, height=first.height, frames=frames)
    notes = []
    if coloured:
        notes.append(f"{coloured} of {pages} pages {'was' if coloured == 1 else 'were'} in colour, and kept it")
    if any(reduction.verdict is Verdict.IN_DOUBT for reduction in reductions):
        notes.append("it has some colour (a stain, an object, or what has faded); it was taken for black and white")
    return tuple(notes)


def _darkness_notes(reductions: Sequence[Reduction]) -> tuple[str, ...]:
    """A note on a photograph that is nearly black as a whole, after negatives were inverted."""
    lightest = max(float(luma.amax()) for reduction in reductions for luma in reduction.luma)
    if not 0 < lightest < _NEARLY_BLACK:
        return ()
    share = f"{100 * lightest:.1f}% of white"
    return (f"its lightest part has {share} (12 bits stored as 16, perhaps): nearly black gets no colour",)


def write(
    examined: ExaminedPhoto, chosen: Sequence[tuple[ChromaFit, Pose]], maker: str | None, on_progress: ProgressCallback
) -> Report:
    """Write the coloured photograph.

    Args:
        examined: the photograph.
        chosen: chroma of each of its `shown`, and its pose (see `ColourModel.poses_of`).
        maker: what made the colour, for the metadata; None says nothing of it.
        on_progress: called with the pictures that are done, and all.

    Raises:
        NegativeError: it is one, and the settings leave negatives alone.
        MediaError: it cannot be read any more.
        OSError: the result, or a temporary file, cannot be written.

    """
    job, photo, output = examined.job, examined.photo, examined.output
    fits = [fit for fit, _ in chosen]
    said: tuple[str, ...]
    of = [reduction for reduction in examined.reductions for _ in reduction.shown]
    poses = [Pose() if one.verdict is Verdict.COLOUR else pose for one, (_, pose) in zip(of, chosen, strict=True)]
    turns = [pose.turn for pose in poses]
    with explained(job.source, photo.format):
        treated = treat_negatives(job, photo, examined.reductions, poses)
        maker = maker and add_turns(add_inversion(maker) if treated.inverted else maker, turns)
        examined = replace(examined, photo=treated.photo, reductions=treated.reductions)
        around = any(one.kept for one in treated.reductions)
        said = ("what lies around the picture kept its colour",) if around else ()
        said += treated.notes + _darkness_notes(treated.reductions) + _turn_notes(turns)
        notes = said + _write(examined, fits, maker, on_progress)
    first = photo.pictures[0]
    return Report(
        kind="photo",
        suffix=suffix_of(output.format, job.source.suffix),
        width=first.width * job.across,
        height=first.height,
        frames=sum(picture.frames for picture in photo.pictures),
        notes=tuple(dict.fromkeys(examined.notes + notes)),
    )


def _write(
    examined: ExaminedPhoto, fits: Sequence[ChromaFit], maker: str | None, on_progress: ProgressCallback
) -> tuple[str, ...]:
    """Write the result, check it, and return notes on it; the pages of a TIFF are written one by one, then merged."""
    job, photo, result = examined.job, examined.photo, examined.output.format
    plan = ResultPlan(job, photo, result, maker)
    notes: dict[str, None] = {}
    pages, remaining = [], iter(fits)
    job.workspace.mkdir(exist_ok=True)
    for number, picture in enumerate(photo.pictures):
        own = [_unorient(fit, picture.orientation) for fit in islice(remaining, picture.frames)]
        image = _coloured(examined, number, own, partial(on_progress, number, len(photo.pictures)))
        if result is not TIFF:
            notes |= dict.fromkeys(write_picture(image, picture, plan))
            break
        page, said = write_page(image, picture, plan, number)
        pages.append(page)
        notes |= dict.fromkeys(said)
        pages += [write_kept_page(kept, plan, place) for place, kept in photo.kept_pages if place == number + 1]
    if pages:
        merge_pages([page.path for page in pages], [page.tags for page in pages], job.target)
    for page in pages:
        page.path.unlink()
    notes |= dict.fromkeys(check_result(plan, examined.luma, tuple(notes)))
    return tuple(notes)


def _turn_notes(turns: Sequence[int]) -> tuple[str, ...]:
    """Notes on the pages that the network saw turned."""
    names = ["the picture"] if len(turns) == 1 else [f"page {number}" for number in range(1, len(turns) + 1)]
    return tuple(describe_turn(name, turn, "photo.turn") for name, turn in zip(names, turns, strict=True) if turn)


def _unorient(fit: ChromaFit, orientation: int) -> ChromaFit:
    return ChromaFit(unorient(fit.slope, orientation), unorient(fit.offset, orientation))


def _coloured(
    examined: ExaminedPhoto, number: int, fits: Sequence[ChromaFit], on_progress: Callable[[], None]
) -> pyvips.Image | ColouredStrips:
    """The coloured picture of this number, to be computed when it is saved; an image has its metadata."""
    photo, result, settings = examined.photo, examined.output.format, examined.job.settings.photo
    picture, reduction = photo.pictures[number], examined.reductions[number]
    sample, white = held_sample(picture.sample, result), held_white(picture, photo, result)
    whole = [pad_fit(fit, reduction.margins) for fit in fits]
    if _is_all_new(examined, number) and sample != "float":
        return coloured_strips(picture, whole[0], sample, white, on_progress)
    if reduction.verdict is Verdict.COLOUR:
        image = own_picture(picture, sample, white)
    else:
        image = colour_picture(picture, whole, sample, white, reduction.kept)
    if examined.job.compare:
        image = grey_picture(picture, sample, white).join(image, "horizontal")
    return watch(with_profile(image, picture, result, settings), on_progress)


def _is_all_new(examined: ExaminedPhoto, number: int) -> bool:
    """Whether a result is sRGB of new colour alone, in a format that is written in strips."""
    photo, reduction = examined.photo, examined.reductions[number]
    picture, job = photo.pictures[number], examined.job
    keeps_colour = reduction.verdict is Verdict.COLOUR or bool(reduction.kept)
    has_more = picture.transparent or picture.extra or picture.frames > 1 or job.compare
    is_srgb = job.settings.photo.profile == "srgb"
    return examined.output.format.save_strips is not None and is_srgb and not keeps_colour and not has_more
