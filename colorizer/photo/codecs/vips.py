"""Photographs that libvips reads and writes, in strips where the format allows it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pyvips

from colorizer.photo.codecs.checks import check_size
from colorizer.photo.codecs.description import describe, keep_if_small
from colorizer.photo.formats.photo_format import Opening
from colorizer.photo.picture import Picture
from colorizer.photo.tags import Tags


def open_with_vips(  # noqa: PLR0913
    source: Path,
    loader: str,
    opening: Opening,
    *,
    whole: bool = False,
    with_metadata: Callable[[pyvips.Image], pyvips.Image] = lambda image: image,
    tags: Tags | None = None,
    stream: Callable[[], pyvips.Source] | None = None,
    ending: bytes = b"",
    check_pass: Callable[[], None] = lambda: None,
    **options: int,
) -> Picture:
    """Open one picture of a file.

    Args:
        source: the file.
        loader: libvips' operation, for a source.
        opening: limits.
        whole: whether libvips holds a picture of this format whole.
        with_metadata: adds what libvips does not read.
        tags: of a page of a TIFF.
        stream: makes a source for one pass; None reads the file.
        ending: bytes that the file lacks.
        check_pass: see `Picture.check_pass`.
        options: of the loader.

    Raises:
        UnsupportedError: its samples cannot be coloured.
        MediaError: it is too large.
        pyvips.Error: it is damaged or cut off.

    """

    def decode() -> pyvips.Image:
        # libvips copies a buffer; the bytes of a source are let go by pyvips while the image still reads them.
        name = loader.replace("_source", "_buffer") if ending else loader
        content = source.read_bytes() + ending if ending else stream() if stream else _stream(source)
        image = pyvips.Operation.call(name, content, access="sequential", fail_on=opening.fail_on, **options)
        pyvips.vips_lib.vips_error_clear()  # messages about other pages
        return with_metadata(image)

    header = decode()
    interlaced = header.get_typeof("interlaced") != 0 and header.get("interlaced") == 1
    check_size(source, header.width, header.height, opening.settings, whole=whole or interlaced)
    frames = _count_frames(header) if "n" in options else 1
    return describe(source, keep_if_small(header, decode, opening, check_pass), frames=frames, tags=tags)


def _stream(path: Path) -> pyvips.Source:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return pyvips.Source.new_from_descriptor(descriptor)  # which keeps a duplicate
    finally:
        os.close(descriptor)


def _count_frames(header: pyvips.Image) -> int:
    height: int = header.get("page-height") if header.get_typeof("page-height") else header.height
    return max(1, int(header.height) // height)


def save_with_vips(image: pyvips.Image, path: Path, suffix: str, **options: object) -> None:
    """Write a picture, in sRGB unless it has another profile.

    Args:
        image: the picture.
        path: of the file, of any suffix.
        suffix: of the format, for libvips.
        options: of the format's saver.

    Raises:
        pyvips.Error: it cannot be written.

    """
    if not image.get_typeof("icc-profile-data"):
        options["profile"] = "srgb"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        target = pyvips.Target.new_to_descriptor(descriptor)
        image.write_to_target(target, suffix, **options)
    finally:
        os.close(descriptor)
