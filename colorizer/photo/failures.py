"""What libvips reports of a photograph, as an error with a message for people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyvips

from colorizer.durable import unwritable
from colorizer.errors import MediaError, TruncatedError, UnsupportedError, one_line
from colorizer.photo.formats import PhotoFormat

_CUT_OFF = (
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
_ORIGIN = re.compile(r"^\w+: ")
"""The part of libvips that a line of its messages is from, such as VipsJpeg."""
_UNKNOWN_COMPRESSION = re.compile(r"((?:Old-style )?\w+) compression support is not configured")
"""Libtiff's message about a compression that it was built without."""


@contextmanager
def explained(source: Path, photo_format: PhotoFormat) -> Iterator[None]:
    """Turn errors of libvips into those of tintd, and distinguish what is cut off from what is damaged.

    Raises:
        TruncatedError: the file ends too early.
        UnsupportedError: its kind is not read.
        MediaError: it is damaged, or too large.
        OSError: the result, or a temporary file, cannot be written.

    """
    pyvips.vips_lib.vips_error_clear()  # messages about other files
    try:
        try:
            yield
        except pyvips.Error as error:
            raise _explain(source.name, error) from error
    except (TruncatedError, UnsupportedError):
        raise
    except MediaError as error:
        if not photo_format.is_cut_off(source):
            raise
        raise TruncatedError(f"{source.name}: the picture ends too early") from error


def _explain(name: str, error: pyvips.Error) -> MediaError | OSError:
    """Turn the messages of libvips into one line."""
    if full := unwritable(str(error.detail)):
        return full
    lines = [_ORIGIN.sub("", line.strip()) for line in str(error.detail).splitlines()]
    said = one_line("; ".join(dict.fromkeys(filter(None, lines)))) or "its decoder does not say how"
    if any(word in said.lower() for word in _CUT_OFF):
        return TruncatedError(f"{name}: the picture ends too early ({said})")
    if unknown := _UNKNOWN_COMPRESSION.search(said):
        return UnsupportedError(f"{name}: {unknown[1]} compression is not read here; save it with Deflate or LZW")
    if "not supported" in said or "not implemented" in said:
        return UnsupportedError(f"{name}: its kind is not read here ({said}); save it as a plain TIFF or PNG")
    return MediaError(f"{name}: the picture is damaged ({said})")
