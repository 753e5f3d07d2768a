"""The file of a result: encoded, given its metadata, and compared with its original before anyone sees it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate, starmap
from pathlib import Path

import pyvips
import torch
from torch import Tensor
from torch.nn import functional

from colorizer.errors import MediaError, one_line
from colorizer.job import Job
from colorizer.model.orientation import orient, unorient
from colorizer.photo.blocks.blocks import Blocks
from colorizer.photo.blocks.copying import blocks_of_copy
from colorizer.photo.blocks.exif import has_thumbnail
from colorizer.photo.codecs.jpeg_luma import read_reduced_luma
from colorizer.photo.comparison import lost_metadata
from colorizer.photo.formats import JPEG, PhotoFormat
from colorizer.photo.formats.photo_format import Opening
from colorizer.photo.metadata import blocks_of, tags_for_tiff, truth_of, with_blocks
from colorizer.photo.picture import ColouredStrips, Photo, Picture
from colorizer.photo.reduction import reduce_luma
from colorizer.photo.tags import Tags

_THUMBNAIL_SIDE, _THUMBNAIL_QUALITY = 160, 75
"""Longest side of a thumbnail (Exif 2.32, 4.5.7), and its quality as a JPEG."""
_CELLS, _BLOCK = 16, 8
"""Most parts of a picture in each direction that are compared, and their least side in pixels: a block of a JPEG."""
_UNLIMITED = 1_000_000
_SHORTEST, _USUAL = 10, 100
"""Duration of a frame in milliseconds that counts as none, and that it gets then (libvips, webpsave)."""
_DIFFERENT = 0.12
"""Difference of the mean luma of a cell of the picture, 0..1, that no encoder makes, and damage does."""


@dataclass(frozen=True, slots=True)
class ResultPlan:
    """What a result is made of."""

    job: Job
    photo: Photo
    format: PhotoFormat
    maker: str | None
    """What made the colour, for the metadata; None where the settings leave it out."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a TIFF that waits to be merged."""

    path: Path
    tags: Tags


def write_picture(image: pyvips.Image | ColouredStrips, picture: Picture, plan: ResultPlan) -> tuple[str, ...]:
    """Write the file of a result that is one picture.

    Args:
        image: the coloured picture.
        picture: its original.
        plan: what the result is made of.

    Returns:
        Notes on its metadata.

    Raises:
        pyvips.Error: it cannot be computed or written.
        OSError: it cannot be written.

    """
    own = blocks_of(plan.job.source, plan.photo, picture, plan.format)
    if plan.format.write_blocks is None:
        blocks = _blocks(own, picture, plan, None)
        _save(with_blocks(image, blocks), plan, plan.job.target)
        return (*blocks.notes, *_left_out(own, plan.format))
    encoded = plan.job.workspace / "encoded"
    _save(image, plan, encoded)
    thumbnail = _thumbnail(encoded) if own.exif and has_thumbnail(own.exif) else None
    blocks = _blocks(own, picture, plan, thumbnail)
    notes = plan.format.write_blocks(encoded, blocks, plan.job.target)
    encoded.unlink()
    return (*blocks.notes, *notes)


def write_page(
    image: pyvips.Image | ColouredStrips, picture: Picture, plan: ResultPlan, number: int
) -> tuple[Page, tuple[str, ...]]:
    """Write a page of a TIFF to a file of its own; returns it, and notes on its metadata."""
    own = blocks_of(plan.job.source, plan.photo, picture, plan.format)
    blocks = _blocks(own, picture, plan, None)
    page = Page(plan.job.workspace / f"page-{number}.tif", tags_for_tiff(picture, blocks, plan.job.settings.photo))
    _save(image, plan, page.path)
    return page, blocks.notes


def write_kept_page(picture: Picture, plan: ResultPlan, number: int) -> Page:
    """Write a page that gets no colour to a file of its own, sample by sample as it was."""
    page = Page(plan.job.workspace / f"page-{number}-kept.tif", picture.tags)
    _save(picture.open(), plan, page.path)
    return page


def _blocks(own: Blocks, picture: Picture, plan: ResultPlan, thumbnail: bytes | None) -> Blocks:
    truth = truth_of(plan.photo, picture, plan.job.settings.photo, plan.job.across, thumbnail)
    return blocks_of_copy(own, truth, plan.maker)


def _left_out(own: Blocks, result: PhotoFormat) -> list[str]:
    """Notes on blocks that a format without a copier of its own does not hold."""
    lost = []
    if not result.keeps_metadata and (own.exif or own.xmp):
        lost.append(f"EXIF and XMP left out: {result.title} files are written without")
    if own.photoshop:
        lost.append(f"IPTC left out: {result.title} files are written without")
    if own.comments:
        lost.append(f"comments left out: {result.title} files are written without")
    return lost


def _save(image: pyvips.Image | ColouredStrips, plan: ResultPlan, path: Path) -> None:
    save = plan.format.save_strips if isinstance(image, ColouredStrips) else plan.format.save
    if save is None:
        raise AssertionError("plan_output chooses formats that are written")
    save(image, path, plan.photo, plan.job.settings.photo)


def _thumbnail(encoded: Path) -> bytes:
    """A small version of a result, as it is stored, as JPEG."""
    with encoded.open("rb") as file:
        source = pyvips.Source.new_from_descriptor(file.fileno())
        small = pyvips.Image.thumbnail_source(source, _THUMBNAIL_SIDE, size="down", no_rotate=True)
        if small.hasalpha():
            small = small.flatten(background=[255])
        content: bytes = small.jpegsave_buffer(Q=_THUMBNAIL_QUALITY, keep="none")
    return content


def check_result(plan: ResultPlan, luma: Sequence[Tensor], told: Sequence[str]) -> tuple[str, ...]:
    """Read a result again, and compare it with its original.

    Args:
        plan: what it is made of.
        luma: of each frame of the original (see `Reduction.luma`).
        told: notes on the result.

    Returns:
        Notes on metadata that is missing without a note.

    Raises:
        MediaError: the picture is damaged.

    """
    damaged = f"{plan.job.source.name}: its result is damaged, and was not kept"
    try:
        reduced = _reduced(plan, luma)
    except (OSError, MediaError, pyvips.Error) as error:
        raise MediaError(f"{damaged} ({one_line(str(error))})") from error
    cells = (_cells(picture) for picture in plan.photo.pictures for _ in range(picture.frames))
    pairs = zip(reduced, _side_by_side(plan, luma), cells, strict=False)
    if len(reduced) != len(luma) or (_shows_luma(plan) and any(starmap(_differ, pairs))):
        raise MediaError(f"{damaged} (it does not show the picture of the original)")
    return lost_metadata(plan.job.source, plan.job.target, told) if plan.format.keeps_metadata else ()


def _shows_luma(plan: ResultPlan) -> bool:
    """Whether a result has the luma of its original: not in a profile of one's own, nor where it lies on white."""
    transparent = any(picture.transparent for picture in plan.photo.pictures)
    return isinstance(plan.job.settings.photo.profile, str) and not transparent


def _side_by_side(plan: ResultPlan, luma: Sequence[Tensor]) -> list[Tensor]:
    """Luma as a result shows it: twice, where it shows grey and colour."""
    orientation = plan.photo.pictures[0].orientation
    if plan.job.across == 1:
        return list(luma)
    return [orient(torch.cat([unorient(one, orientation)] * plan.job.across, -1), orientation) for one in luma]


def _reduced(plan: ResultPlan, luma: Sequence[Tensor]) -> list[Tensor]:
    """Luma of each frame of a result, upright, (1, 1, h, w)."""
    if plan.format is JPEG and isinstance(plan.job.settings.photo.profile, str):
        samples = torch.from_numpy(read_reduced_luma(plan.job.target, min(luma[0].shape[-2:])))
        return [orient(samples[None, None].float() / 255, plan.photo.pictures[0].orientation)]
    unlimited = plan.job.settings.photo.model_copy(
        update={"max_megapixels": _UNLIMITED, "max_megapixels_whole": _UNLIMITED}
    )
    pictures = plan.format.open(plan.job.target, Opening(unlimited)).pictures
    frames: list[Tensor] = []
    for picture in (_with_white(*both) for both in zip(pictures, plan.photo.pictures, strict=False)):
        height, width = luma[min(len(frames), len(luma) - 1)].shape[-2:]
        extent = partial(_same_extent, (int(height), int(width)))
        frames += reduce_luma(picture, extent)
    shows_fewer = len(pictures) == 1 and len(frames) < len(luma)
    return _at_times_of(frames, pictures[0], plan.photo.pictures[0]) if shows_fewer else frames


def _at_times_of(frames: Sequence[Tensor], result: Picture, original: Picture) -> list[Tensor]:
    """The frames of an animation that are shown when its original shows a new one.

    An encoder of WebP makes one frame of neighbours that are alike.
    """
    ends, times = (list(accumulate(_durations(animation))) for animation in (result, original))
    if len(frames) == 1:
        return list(frames) * len(times)  # the encoder made a picture of all of them, which has no durations
    if not ends or ends[-1:] != times[-1:]:
        return list(frames)
    return [frames[bisect_right(ends, begins)] for begins in (0, *times[:-1])]


def _durations(animation: Picture) -> list[int]:
    """How long each frame is shown, in milliseconds; libvips writes those that are too short as browsers show them."""
    header = animation.open()
    found: list[int] = header.get("delay") if header.get_typeof("delay") else []
    return [duration if duration > _SHORTEST else _USUAL for duration in found]


def _with_white(result: Picture, original: Picture) -> Picture:
    """A picture of floating-point samples, whose white its file does not state."""
    return replace(result, white=original.white) if result.sample == "float" else result


def _same_extent(extent: tuple[int, int], _height: int, _width: int) -> tuple[int, int]:
    return extent


def _cells(picture: Picture) -> int:
    """Number of parts of a picture in each direction: the samples of a few pixels differ after any encoder."""
    return max(1, min(_CELLS, picture.height // _BLOCK, picture.width // _BLOCK))


def _differ(result: Tensor, original: Tensor, cells: int) -> bool:
    """Whether the mean luma of any part of two pictures differs."""
    height, width = original.shape[-2:]
    alike = functional.adaptive_avg_pool2d(result.float().cpu(), (height, width))  # so that their cells are, too
    means = [functional.adaptive_avg_pool2d(luma, cells) for luma in (alike, original.float().cpu())]
    return bool((means[0] - means[1]).abs().max() > _DIFFERENT)
