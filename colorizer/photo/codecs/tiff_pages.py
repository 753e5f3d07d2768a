"""Pages of a TIFF that libvips cannot decode, through tifffile and imagecodecs, which hold a page whole.

tifffile is not the reader of all pages: it needs the memory of the whole picture, and libvips reads strips of it.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pyvips
import tifffile
from numpy.typing import NDArray

from colorizer.errors import UnsupportedError
from colorizer.photo.codecs.decoded import Undecoded, from_samples, interpretation, open_decoded, with_metadata
from colorizer.photo.formats.photo_format import Opening
from colorizer.photo.picture import Picture, split_alpha
from colorizer.photo.tags import Tags

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK, _CIELAB, _ICCLAB = 0, 1, 2, 3, 5, 8, 9
_COLOURS = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1}
"""Samples of a pixel that are its colour; three in other spaces."""
_HALF = 128.0
"""Neutral a and b in ICC's Lab of 8 bits; from there on, they are negative in that of TIFF 6.0."""
_FAX = {2, 3, 4}
_INCH = {2: 1.0, 3: 2.54}
"""Factors to pixels an inch by the unit of resolution."""
_OLD_JPEG = 6
_MOST_WORKERS = 1
"""Threads: the processors are shared out by the worker."""

logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # it warns of damage, which is reported as an error


def open_tiff_page(source: Path, opening: Opening, page: int, tags: Tags) -> tuple[Picture, tuple[str, ...]]:
    """Open a page.

    Args:
        source: the file.
        opening: limits.
        page: number of its directory.
        tags: its descriptive tags.

    Returns:
        The picture, and notes on it.

    Raises:
        MediaError: see `open_decoded`.

    """

    def decode() -> pyvips.Image:
        with tifffile.TiffFile(source) as file:
            return _image_of(_page(file, page, source))

    def read_header(_source: Path) -> Undecoded:
        with tifffile.TiffFile(source) as file:
            header = _page(file, page, source)
            notes: tuple[str, ...] = ()
            if 262 not in header.tags:
                guess = {_WHITE_IS_ZERO: "white is zero", _RGB: "RGB", _PALETTE: "a palette"}.get(
                    _photometric(header), "black is zero"
                )
                notes = (f"the file does not say what its samples mean (PhotometricInterpretation); taken: {guess}",)
            bits = int(header.bitspersample)
            white = float((1 << bits) - 1) if 8 < bits < 16 else None
            width, height = int(header.imagewidth), int(header.imagelength)  # a damaged tag holds several numbers
            return Undecoded(width, height, decode, white=white, notes=notes)

    return open_decoded(source, read_header, opening, tags=tags)


def _page(file: tifffile.TiffFile, number: int, source: Path) -> tifffile.TiffPage:
    page = file.pages[number]
    if not isinstance(page, tifffile.TiffPage):
        raise TypeError("no page")
    if page.compression == _OLD_JPEG:
        raise UnsupportedError(
            f"{source.name}: old-style JPEG compression (TIFF 6.0, 1992) is not read here; save it with Deflate or LZW"
        )
    return page


def _photometric(page: tifffile.TiffPage) -> int:
    """What the samples mean; guessed as other readers do where the file does not say it."""
    if 262 in page.tags:
        return int(page.photometric)
    if 320 in page.tags:
        return _PALETTE
    if page.samplesperpixel >= 3:
        return _RGB
    return _WHITE_IS_ZERO if page.compression in _FAX else 1


def _image_of(page: tifffile.TiffPage) -> pyvips.Image:
    samples: NDArray[Any] = page.asarray(maxworkers=_MOST_WORKERS)
    if samples.size == 0:
        raise ValueError("it has no pixels")
    if page.planarconfig == tifffile.PLANARCONFIG.SEPARATE and samples.ndim == 3:
        samples = np.moveaxis(samples, 0, -1)
    photometric = _photometric(page)
    if photometric in {_CIELAB, _ICCLAB} and samples.shape[2:] == (3,):
        return _with_tags(_lab(samples, is_signed=photometric == _CIELAB), page)
    if photometric not in {_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _CMYK} and not (
        photometric == 6 and page.is_subsampled
    ):
        name = getattr(page.photometric, "name", str(photometric))
        raise ValueError(f"Unsupported samples ({name}) in this compression")
    if photometric == _PALETTE and page.colormap is not None:
        samples = np.moveaxis(page.colormap[:, samples] // 257, 0, -1).astype(np.uint8)
    elif samples.dtype == bool or page.bitspersample < 8:
        deepest = 1 if samples.dtype == bool else (1 << page.bitspersample) - 1
        samples = (samples.astype(np.uint16) * 255 // deepest).astype(np.uint8)
    if photometric == _WHITE_IS_ZERO:
        colour = samples if samples.ndim == 2 else samples[:, :, 0]
        np.subtract(_deepest(page, samples), colour, out=colour)
    if samples.dtype == np.float32:
        image = pyvips.Image.new_from_array(np.ascontiguousarray(samples))
    elif samples.dtype in (np.uint8, np.uint16):
        deep = samples.dtype == np.uint16
        space = "cmyk" if photometric == _CMYK else interpretation(_COLOURS.get(photometric, 3), deep=deep)
        image = from_samples(np.ascontiguousarray(samples)).copy(interpretation=space)
    else:
        raise ValueError(f"Unsupported samples ({samples.dtype})")
    is_premultiplied = page.extrasamples[:1] == (tifffile.EXTRASAMPLE.ASSOCALPHA,)
    return _with_tags(_unpremultiplied(image) if is_premultiplied else image, page)


def _lab(samples: NDArray[Any], *, is_signed: bool) -> pyvips.Image:
    """An image of samples in Lab of 8 or 16 bits (TIFF 6.0, section 23, and its supplement 1 on ICC's Lab)."""
    unit = 1.0 if samples.dtype == np.uint8 else 256.0
    most = 65535 if is_signed and samples.dtype == np.uint16 else 255 * unit
    ab = samples[:, :, 1:].astype(np.float32) / unit
    ab = np.where(ab >= _HALF, ab - 2 * _HALF, ab) if is_signed else ab - _HALF
    lab = np.dstack([samples[:, :, :1].astype(np.float32) * (100 / most), ab])
    return pyvips.Image.new_from_array(np.ascontiguousarray(lab, np.float32), interpretation="lab")


def _unpremultiplied(image: pyvips.Image) -> pyvips.Image:
    """An image whose colour is not multiplied with its alpha, as libvips would have read it."""
    colour, beside = split_alpha(image)
    if beside is None:
        return image
    plain = colour.bandjoin(beside[0]).unpremultiply().cast(image.format)
    return plain if beside.bands == 1 else plain.bandjoin(beside.extract_band(1, n=beside.bands - 1))


def _deepest(page: tifffile.TiffPage, samples: NDArray[Any]) -> NDArray[Any]:
    bits = max(8, page.bitspersample)
    return np.array((1 << bits) - 1, samples.dtype)


def _with_tags(image: pyvips.Image, page: tifffile.TiffPage) -> pyvips.Image:
    """Add what libvips would have read."""
    tags = {tag.code: tag.value for tag in page.tags.values()}
    info = {"icc_profile": tags.get(34675), "xmp": tags.get(700)}
    factor = _INCH.get(int(tags.get(296, 2)))
    if factor and 282 in tags and 283 in tags and tags[282][1] and tags[283][1]:
        info["dpi"] = tuple(tags[code][0] / tags[code][1] * factor for code in (282, 283))
    image = with_metadata(image, info)
    image.set_type(pyvips.GValue.gint_type, "orientation", int(tags.get(274, 1)))
    return image
