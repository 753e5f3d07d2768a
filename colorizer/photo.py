"""One photograph in, one coloured photograph out, in strips: the full-sized picture is never held whole."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyvips
import torch
from torch import Tensor

from colorizer.cast import is_in_colour
from colorizer.chroma import ChromaFit
from colorizer.colorist import Colorist, shrink
from colorizer.errors import InColourError, MediaError, TruncatedError, UnsupportedError
from colorizer.job import Job
from colorizer.lab import Matrix, rgb_minus_luma
from colorizer.orientation import lay_back, upright
from colorizer.report import Report
from colorizer.settings import PhotoSettings
from colorizer.thumbnail import thumbnail

MATRIX = Matrix.BT601
"""Of the luma of a photograph: JFIF's, and what printing in grey has meant since."""


_SUFFIXES = {
    "jpeg": {".jpg", ".jpeg", ".jpe", ".jfif"},
    "webp": {".webp"},
    "tiff": {".tif", ".tiff"},
    "png": {".png"},
}
"""Under which an original's own suffix is kept."""

pyvips.cache_set_max(0)  # each picture is looked at once

_TINY = 1e-9
"""A colour that reaches less far from grey than this is inside the gamut."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A photograph, read from the top as often as it is asked for."""

    open: Callable[[], pyvips.Image]
    """Opens the picture anew, for one pass from top to bottom."""
    format: str
    """Short name of its file format: jpeg, png, tiff, webp, ..."""
    full: float
    """The value of white: 255 or 65535."""
    orientation: int
    """EXIF orientation, 1..8."""
    lossless: bool
    """Whether a WebP was stored without loss."""


def colorize_photo(job: Job, colorist: Colorist) -> Report:
    """Colour one photograph.

    Raises:
        InColourError: it is in colour already, and the settings say that this matters.
        TruncatedError: the file ends too early.
        UnsupportedError: it is no photograph that can be coloured.
        MediaError: it is damaged, or too large.

    """
    try:
        photo = _open(job.source, job.settings.photo)
        if job.settings.detection.looks:
            _check_grey(job, photo.open())
        fit = _choose_colours(photo, colorist)
        coloured = _colour(photo, fit)
        image = _grey(photo).join(coloured, "horizontal") if job.compare else coloured
        return _write(image, photo, job)
    except pyvips.Error as error:
        raise _explain(job.source, error) from error


def _check_grey(job: Job, image: pyvips.Image) -> None:
    small = thumbnail(image)
    if small is not None and is_in_colour(small):
        raise InColourError(job.source.name, width=image.width, height=image.height)


def _open(source: Path, settings: PhotoSettings) -> Photo:
    def open_anew() -> pyvips.Image:
        descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
        try:
            stream = pyvips.Source.new_from_descriptor(descriptor)  # which keeps a duplicate
        finally:
            os.close(descriptor)
        return pyvips.Image.new_from_source(stream, "", access="sequential", fail_on="error")

    header = open_anew()
    megapixels = header.width * header.height / 1e6
    if megapixels > settings.max_megapixels:
        raise MediaError(
            f"{source.name}: {megapixels:.0f} megapixels; `max_megapixels` allows {settings.max_megapixels}"
        )
    return Photo(
        open=open_anew,
        format=str(header.get("vips-loader")).removesuffix("_source").removesuffix("load"),
        full=65535.0 if header.format in {"ushort", "short"} else 255.0,
        orientation=header.get("orientation") if header.get_typeof("orientation") else 1,
        lossless=_is_lossless_webp(source),
    )


def _is_lossless_webp(source: Path) -> bool:
    """Whether the first bitstream chunk is VP8L (RFC 9649, 2.6); it may follow an extended header, VP8X."""
    with source.open("rb") as file:
        start = file.read(4096)
    return start[8:12] == b"WEBP" and b"VP8L" in start[12:]


def _choose_colours(photo: Photo, colorist: Colorist) -> ChromaFit:
    """Look at the whole picture, small and upright."""
    luma = _luma_and_alpha(photo)[0]
    height, width = luma.height, luma.width
    sides = colorist.extent(*((width, height) if photo.orientation > 4 else (height, width)))
    factor = max(1, int(min(height, width) / min(sides) / 2))
    small = (
        torch.from_numpy(luma.shrink(factor, factor, ceil=True).numpy()).float().reshape(1, 1, -(-height // factor), -1)
    )
    fit = colorist.fit(shrink(upright(small, photo.orientation), sides), MATRIX, mirrored=True)
    return ChromaFit(lay_back(fit.slope, photo.orientation), lay_back(fit.offset, photo.orientation))


def _colour(photo: Photo, fit: ChromaFit) -> pyvips.Image:
    """The coloured picture, as a recipe that libvips follows strip by strip (`chroma.enlarge`, `chroma.fit_gamut`)."""
    luma, alpha = _luma_and_alpha(photo)
    slope = _enlarged(fit.slope, luma)
    offset = _enlarged(fit.offset, luma)
    reach = (slope * luma + offset).recomb(_reach_matrix())
    red, green, blue = reach.bandsplit()
    up, down = red.maxpair(green).maxpair(blue), -red.minpair(green).minpair(blue)
    room = ((1 - luma) / up.maxpair(_TINY)).minpair(luma / down.maxpair(_TINY)).minpair(1)
    deep = photo.full > 255
    rgb = ((luma + reach * room) * photo.full).rint().cast("ushort" if deep else "uchar")
    rgb = rgb.copy(interpretation="rgb16" if deep else "srgb")
    return rgb if alpha is None else rgb.bandjoin(alpha)


def _grey(photo: Photo) -> pyvips.Image:
    """The picture as it would be with no colour chosen."""
    nothing = torch.zeros(1, 2, 1, 1)
    return _colour(photo, ChromaFit(nothing, nothing))


def _luma_and_alpha(photo: Photo) -> tuple[pyvips.Image, pyvips.Image | None]:
    """Luma as float 0..1, and the alpha channel as it is."""
    image = photo.open()
    if image.get_typeof("icc-profile-data"):
        image = image.icc_transform("srgb", embedded=True, depth=16 if photo.full > 255 else 8)
    elif image.interpretation == "cmyk":
        image = image.colourspace("srgb")
    alpha = image[image.bands - 1] if image.hasalpha() else None
    colours = image.bands - (alpha is not None)
    if colours == 1:
        return image[0].cast("float") / photo.full, alpha
    kr, kb = MATRIX.value
    weights = [[weight / photo.full for weight in (kr, 1 - kr - kb, kb)]]
    return image.extract_band(0, n=3).cast("float").recomb(pyvips.Image.new_from_list(weights)), alpha


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


def _write(image: pyvips.Image, photo: Photo, job: Job) -> Report:
    suffix, options = _saving(photo, image, job.settings.photo)
    descriptor = os.open(job.target, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        image.write_to_target(pyvips.Target.new_to_descriptor(descriptor), suffix, **options)
    finally:
        os.close(descriptor)
    own = job.source.suffix
    named = own if own.lower() in _SUFFIXES[photo.format] else suffix
    return Report(kind="photo", suffix=named, width=image.width, height=image.height)


def _saving(photo: Photo, image: pyvips.Image, settings: PhotoSettings) -> tuple[str, dict[str, object]]:
    """The usual suffix of the result's format, and libvips' options for it."""
    if photo.format == "jpeg":
        return ".jpg", {"Q": settings.jpeg_quality, "subsample_mode": "off", "optimize_coding": True}
    if photo.format == "webp":
        return ".webp", {"Q": settings.webp_quality, "lossless": photo.lossless, "exact": True}
    if photo.format == "tiff":
        big = image.width * image.height * image.bands * (photo.full // 128) > 3.5e9
        return ".tif", {"compression": "deflate", "predictor": "horizontal", "bigtiff": big}
    if photo.format == "png":
        return ".png", {}
    raise UnsupportedError(f"{photo.format.upper()} pictures are not coloured yet")


_TRUNCATED = (
    "premature end",
    "truncated",
    "unexpected end",
    "read error",
    "read gave",
    "not enough data",
    "libpng read error",
)


def _explain(source: Path, error: pyvips.Error) -> MediaError:
    """Say what libvips found, in one line."""
    said = " ".join(str(error.detail).split())
    if any(word in said.lower() for word in _TRUNCATED):
        return TruncatedError(f"{source.name}: the picture ends too early ({said})")
    if "is not a known" in said or "unable to load" in said:
        return UnsupportedError(f"{source.name}: no photograph that tintd can read")
    return MediaError(f"{source.name}: the picture is damaged ({said})")
