"""One photograph in, one coloured photograph out, in strips: the full-sized picture is never held whole."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pyvips
import torch
from torch import Tensor

from colorizer.durable import UNWRITABLE
from colorizer.errors import InColourError, MediaError, TruncatedError, UnsupportedError, one_line
from colorizer.job import Job
from colorizer.model.chroma import ChromaFit
from colorizer.model.colorist import Colorist, shrink
from colorizer.model.lab import rgb_minus_luma
from colorizer.model.orientation import orient, unorient
from colorizer.model.tint_detection import is_in_colour
from colorizer.photo.formats import PhotoFormat, photo_format
from colorizer.photo.output_format import Plan, held_sample, held_white, plan, suffix_of
from colorizer.photo.picture import MATRIX, Photo, Picture, luma_and_alpha
from colorizer.photo.reader import FailOn, open_photo
from colorizer.photo.tags import bind
from colorizer.photo.thumbnail import thumbnail
from colorizer.photo.truncation import photo_breaks_off
from colorizer.photo.writer import BARE, dress, save, tags_for_tiff
from colorizer.provenance import made_with, with_provenance
from colorizer.report import Report

Progress = Callable[[int, int], None]
"""Told the pictures that are done, and how many there are."""

_TINY = 1e-9
"""A colour that reaches less far from grey than this is inside the gamut."""


def colorize_photo(job: Job, colorist: Colorist, progress: Progress) -> Report:
    """Colour one photograph.

    Raises:
        InColourError: it is in colour already, and the settings say that this matters.
        TruncatedError: the file ends too early.
        UnsupportedError: it is no photograph that can be coloured.
        MediaError: it is damaged, or too large.
        OSError: the result, or a temporary file, cannot be written.

    """
    pyvips.vips_lib.vips_error_clear()  # of what was said of other files
    name = photo_format(job.source)
    if name is None:
        raise UnsupportedError(f"{job.source.name}: no photograph that tintd can read")
    try:
        return _colorize(job, name, colorist, progress, "error")
    except TruncatedError:
        if job.settings.photo.truncated == "refuse" or name != "jpeg":
            raise
        return _colorize(job, name, colorist, progress, "none")
    except UnsupportedError:
        raise
    except MediaError as error:
        if not photo_breaks_off(job.source, name):
            raise
        raise TruncatedError(f"{job.source.name}: the picture ends too early") from error


def _colorize(job: Job, name: PhotoFormat, colorist: Colorist, progress: Progress, fail_on: FailOn) -> Report:
    try:
        photo = open_photo(job.source, name, job.settings.photo, fail_on)
        recoloured = _check_grey(photo, job, progress)
        chosen = plan(photo, job.settings.photo, across=2 if job.compare else 1)
        notes = _write(photo, chosen, job, colorist, progress)
    except pyvips.Error as error:
        raise _explain(job, error) from error
    completed = ("the picture breaks off; what is missing is grey",) if fail_on == "none" else ()
    first = photo.pictures[0]
    return Report(
        kind="photo",
        suffix=suffix_of(chosen.format, job.source.suffix),
        width=first.width * (2 if job.compare else 1),
        height=first.height,
        frames=sum(picture.frames for picture in photo.pictures),
        notes=completed + photo.notes + recoloured + chosen.notes + notes,
    )


def _check_grey(photo: Photo, job: Job, progress: Progress) -> tuple[str, ...]:
    """Refuse a photograph of which every page is in colour, if that matters; what is to say of one with some."""
    if not job.settings.detection.checks_colour:
        return ()
    pages = len(photo.pictures)
    coloured = sum(
        _is_in_colour(picture, partial(progress, number, pages)) for number, picture in enumerate(photo.pictures)
    )
    if coloured == pages:
        first = photo.pictures[0]
        frames = sum(picture.frames for picture in photo.pictures)
        raise InColourError(job.source.name, width=first.width, height=first.height, frames=frames)
    were = "was" if coloured == 1 else "were"
    return (f"{coloured} of {pages} pages {were} in colour already, and got new colour",) if coloured else ()


def _is_in_colour(picture: Picture, beat: Callable[[], None]) -> bool:
    image = _watched(picture.open().copy(), beat)  # whose callback lives as long as this name
    small = thumbnail(image, picture.white)
    return small is not None and bool(is_in_colour(small))


def _write(photo: Photo, chosen: Plan, job: Job, colorist: Colorist, progress: Progress) -> tuple[str, ...]:
    """Write the result; what is to say of it. Pages are written one by one, then bound."""
    settings = job.settings.photo
    notes: dict[str, None] = {}
    pages, tags = [], []
    for number, picture in enumerate(photo.pictures):
        beat = partial(progress, number, len(photo.pictures))
        image = _watched(_result(photo, picture, chosen, job, colorist, notes, beat), beat)
        if chosen.format != "tiff":
            save(image, job.target, chosen.format, photo, settings)
            break
        job.workspace.mkdir(exist_ok=True)
        pages.append(job.workspace / f"page-{number}.tif")
        tags.append(tags_for_tiff(image, picture, settings))
        save(image, pages[-1], "tiff", photo, settings)
    if pages:
        bind(pages, tags, job.target)
    for page in pages:
        page.unlink()
    return tuple(notes)


def _result(  # noqa: PLR0913, PLR0917
    photo: Photo,
    picture: Picture,
    chosen: Plan,
    job: Job,
    colorist: Colorist,
    notes: dict[str, None],
    beat: Callable[[], None],
) -> pyvips.Image:
    """A coloured picture with its metadata, still a recipe."""
    sample, white = held_sample(picture.sample, chosen.format), held_white(picture, photo, chosen.format)
    image = _colour(picture, _choose_colours(picture, colorist, beat), sample, white)
    if job.compare:
        image = _grey(picture, sample, white).join(image, "horizontal")
    image = dress(image, photo, picture, chosen.format, job.settings.photo)
    if chosen.format in BARE:
        if image.get_typeof("exif-data") or image.get_typeof("xmp-data"):
            notes[f"EXIF and XMP left out: {chosen.format.upper()} files are written without"] = None
    elif job.settings.photo.provenance:
        maker = made_with(colorist.weights, job.settings.colour)
        packet = image.get("xmp-data") if image.get_typeof("xmp-data") else None
        try:
            image.set_type(pyvips.GValue.blob_type, "xmp-data", with_provenance(packet, maker))
        except ValueError as error:
            notes[f"what made the colour is not in the metadata: {error}"] = None
    return image


def _watched(image: pyvips.Image, beat: Callable[[], None]) -> pyvips.Image:
    """A picture that tells when libvips has done some of its lines: one that takes minutes is not to seem to hang."""
    image.set_progress(True)
    image.signal_connect("eval", lambda _image, _progress: beat())
    return image


def _choose_colours(picture: Picture, colorist: Colorist, beat: Callable[[], None]) -> list[ChromaFit]:
    """Look at each frame, small and upright."""
    luma = luma_and_alpha(picture)[0]
    return [_choose_colours_of(frame, picture.orientation, colorist, beat) for frame in _frames(luma, picture)]


def _choose_colours_of(luma: pyvips.Image, orientation: int, colorist: Colorist, beat: Callable[[], None]) -> ChromaFit:
    height, width = luma.height, luma.width
    sides = colorist.extent(*((width, height) if orientation > 4 else (height, width)))
    factor = max(1, int(min(height, width) / min(sides) / 2))
    shrunk = _watched(luma.shrink(factor, factor, ceil=True), beat)
    small = torch.from_numpy(shrunk.numpy()).float()
    small = small.reshape(1, 1, -(-height // factor), -1).nan_to_num().clamp(0, 1)
    fit = colorist.fit(shrink(orient(small, orientation), sides), MATRIX, mirrored=True)
    return ChromaFit(unorient(fit.slope, orientation), unorient(fit.offset, orientation))


def _frames(image: pyvips.Image, picture: Picture) -> list[pyvips.Image]:
    if picture.frames == 1:
        return [image]
    height = picture.height
    return [image.crop(0, number * height, picture.width, height) for number in range(picture.frames)]


def _colour(picture: Picture, fits: Sequence[ChromaFit], sample: str, white: float) -> pyvips.Image:
    """The coloured picture, as a recipe that libvips follows strip by strip (`chroma.enlarge`, `chroma.fit_gamut`)."""
    luma, alpha = luma_and_alpha(picture)
    coloured = [_give_colour(frame, fit) for frame, fit in zip(_frames(luma, picture), fits, strict=True)]
    image = coloured[0] if len(coloured) == 1 else pyvips.Image.arrayjoin(coloured, across=1)
    rgb = _stored(image, white, sample)
    rgb = rgb.copy(interpretation={"uchar": "srgb", "ushort": "rgb16", "float": "rgb"}[sample])
    if alpha is None:
        return rgb
    if alpha.format != sample or white != picture.white:
        alpha = _stored(alpha.cast("float") / picture.white, white, sample)
    return rgb.bandjoin(alpha)


def _stored(image: pyvips.Image, white: float, sample: str) -> pyvips.Image:
    """Values of 0..1 as samples."""
    scaled = image * white
    return scaled.cast("float") if sample == "float" else scaled.rint().cast(sample)


def _give_colour(luma: pyvips.Image, fit: ChromaFit) -> pyvips.Image:
    slope, offset = _enlarged(fit.slope, luma), _enlarged(fit.offset, luma)
    reach = (slope * luma + offset).recomb(_reach_matrix())
    red, green, blue = reach.bandsplit()
    up, down = red.maxpair(green).maxpair(blue), -red.minpair(green).minpair(blue)
    room = ((1 - luma) / up.maxpair(_TINY)).minpair(luma / down.maxpair(_TINY)).minpair(1).maxpair(0)
    return luma + reach * room


def _grey(picture: Picture, sample: str, white: float) -> pyvips.Image:
    """The picture as it would be with no colour chosen."""
    nothing = torch.zeros(1, 2, 1, 1)
    return _colour(picture, [ChromaFit(nothing, nothing)] * picture.frames, sample, white)


def _enlarged(plane: Tensor, luma: pyvips.Image) -> pyvips.Image:
    """A small plane (1, C, h, w) at the size of the luma, bilinear between pixel centres."""
    small = pyvips.Image.new_from_array(np.ascontiguousarray(plane[0].permute(1, 2, 0).float().cpu().numpy()))
    across, along = luma.width / small.width, luma.height / small.height
    return small.affine(
        [across, 0, 0, along],
        interpolate=pyvips.Interpolate.new("bilinear"),
        oarea=[0, 0, luma.width, luma.height],
        odx=(across - 1) / 2,
        ody=(along - 1) / 2,
        extend="copy",
    )


def _reach_matrix() -> pyvips.Image:
    """The matrix from Cb, Cr to R'G'B' minus luma."""
    columns = rgb_minus_luma(torch.eye(2, dtype=torch.float64).reshape(2, 2, 1, 1), MATRIX)
    return pyvips.Image.new_from_array(columns.reshape(2, 3).T.contiguous().numpy())


_TRUNCATED = (
    "premature end",
    "truncated",
    "unexpected end",
    "read error at",
    "read error on",
    "read gave",
    "not enough data",
    "seek error",
    "bad seek",
)


_UNKNOWN_COMPRESSION = re.compile(r"((?:Old-style )?\w+) compression support is not configured")
"""What libtiff says of a compression that it was built without."""


def _explain(job: Job, error: pyvips.Error) -> MediaError | OSError:
    """Say what libvips found, in one line."""
    for number in UNWRITABLE:
        if os.strerror(number) in str(error.detail):
            return OSError(number, f"{os.strerror(number)} (in the output folder, or the temporary one)")
    said = one_line(str(error.detail)) or "its decoder does not say how"
    if any(word in said.lower() for word in _TRUNCATED):
        return TruncatedError(f"{job.source.name}: the picture ends too early ({said})")
    if unknown := _UNKNOWN_COMPRESSION.search(said):
        return UnsupportedError(
            f"{job.source.name}: {unknown[1]} compression is not read here; save it with Deflate or LZW"
        )
    if "not supported" in said or "not implemented" in said:
        return UnsupportedError(
            f"{job.source.name}: its kind is not read here ({said}); save it as a plain TIFF or PNG"
        )
    return MediaError(f"{job.source.name}: the picture is damaged ({said})")
