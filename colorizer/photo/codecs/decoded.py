"""Photographs that a library decodes whole: Pillow, libheif and LibRaw; and their samples as an image of libvips."""

from __future__ import annotations

import re
import struct
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

from colorizer.errors import MediaError, TruncatedError, UnsupportedError, one_line
from colorizer.photo.codecs.checks import check_size
from colorizer.photo.codecs.description import Decoding, describe, keep_if_small, size_of
from colorizer.photo.formats.photo_format import Opening
from colorizer.photo.picture import MILLIMETRES, Picture
from colorizer.photo.tags import Tags

_CUT_OFF = ("truncated", "end-of-file", "end of file", "unexpected end", "not enough", "does not contain enough")
_UNKNOWN_COMPRESSION = re.compile(r"<COMPRESSION\.(\w+): \d+> not supported")
_BYTES = re.compile(r"^b'(.*)'$")
"""How rawpy writes the message of LibRaw."""
_DENSEST = 1e6
"""Most pixels a millimetre of an image of libvips, which prints a message of GLib's about more."""


@dataclass(frozen=True, slots=True)
class Undecoded:
    """A picture of which the header has been read."""

    width: int
    height: int
    decode: Callable[[], pyvips.Image]
    whole: bool = True
    """Whether it is held whole when it is decoded."""
    white: float | None = None
    """The sample that is white, where it is not the greatest."""
    notes: tuple[str, ...] = ()
    """Ways in which it is read otherwise than it lies in the file."""


def open_decoded(
    source: Path, read_header: Callable[[Path], Undecoded], opening: Opening, *, tags: Tags | None = None
) -> tuple[Picture, tuple[str, ...]]:
    """Open a picture, and decode it once it is known not to be too large.

    Args:
        source: the file.
        read_header: reads what is known without decoding.
        opening: limits.
        tags: of its EXIF, where libvips has none.

    Returns:
        The picture, and notes on it.

    Raises:
        TruncatedError: the file ends too early.
        UnsupportedError: its decoder does not know its kind.
        MediaError: it is damaged, or too large.

    """
    with _explained(source):
        undecoded = read_header(source)
    check_size(source, undecoded.width, undecoded.height, opening.settings, whole=undecoded.whole)

    def decode() -> pyvips.Image:
        with _explained(source):
            return undecoded.decode()

    image = decode()
    if undecoded.whole:
        decoding = Decoding(image, lambda: image, size_of(image))
    else:
        decoding = keep_if_small(image, decode, opening)
    return describe(source, decoding, white=undecoded.white, tags=tags), undecoded.notes


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn an error of a decoder into one line."""
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    except (MediaError, MemoryError):
        raise
    except Exception as error:
        said = one_line(_BYTES.sub(r"\1", str(error)).replace(str(path), path.name))
        if isinstance(error, (LookupError, TypeError, struct.error)) or "invalid literal" in said:
            said = "its header makes no sense"  # the decoder did not check it
        if any(word in said.lower() for word in _CUT_OFF) or isinstance(error, EOFError):
            raise TruncatedError(f"{path.name}: the picture ends too early ({said})") from error
        if unknown := _UNKNOWN_COMPRESSION.search(said):
            said = f"Unsupported compression: {unknown[1]}"  # tifffile gives the name of its enumeration
        if said.startswith("Unsupported"):
            raise UnsupportedError(f"{path.name}: its kind is not read here ({said}); save it as PNG") from error
        raise MediaError(f"{path.name}: the picture is damaged ({said})") from error


def from_samples(samples: NDArray[np.uint8] | NDArray[np.uint16]) -> pyvips.Image:
    """Make an image of samples, (H, W) or (H, W, bands): the last of two or four bands is alpha."""
    bands, deep = samples.shape[2] if samples.ndim > 2 else 1, samples.dtype == np.uint16
    return pyvips.Image.new_from_array(samples, interpretation=interpretation(bands, deep=deep))


def interpretation(bands: int, *, deep: bool) -> str:
    """Libvips' name of grey or sRGB, by the number of bands and whether samples have 16 bits."""
    if bands < 3:
        return "grey16" if deep else "b-w"
    return "rgb16" if deep else "srgb"


def with_metadata(picture: pyvips.Image, info: Mapping[Any, Any]) -> pyvips.Image:
    """Give an image the metadata that Pillow or a plugin of it read, under libvips' names."""
    picture = picture.copy()
    for key, name in {"exif": "exif-data", "xmp": "xmp-data", "icc_profile": "icc-profile-data"}.items():
        if info.get(key):
            picture.set_type(pyvips.GValue.blob_type, name, bytes(info[key]))
    across, along = (float(one) / MILLIMETRES for one in info.get("dpi") or (0, 0))
    if 0 < across <= _DENSEST and 0 < along <= _DENSEST:
        picture = picture.copy(xres=across, yres=along)
    return picture
