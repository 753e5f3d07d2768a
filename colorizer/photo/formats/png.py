"""PNG (ISO/IEC 15948), read and written by libvips."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from colorizer.photo.blocks.exif import orientation_of
from colorizer.photo.blocks.png import blocks_in, check_samples, gamma_of, read_chunks, read_png, write_png
from colorizer.photo.formats.photo_format import Opening, PhotoFormat, starts_with
from colorizer.settings import PhotoSettings

if TYPE_CHECKING:
    import pyvips

    from colorizer.photo.picture import Photo


def _open(source: Path, opening: Opening) -> Photo:
    import pyvips

    from colorizer.photo.codecs.curves import with_srgb_curve
    from colorizer.photo.codecs.vips import open_with_vips
    from colorizer.photo.extras import left_out
    from colorizer.photo.picture import Photo

    chunks = read_chunks(source)
    check_samples(source.name, chunks)
    gamma, orientation = gamma_of(chunks), orientation_of(blocks_in(chunks).exif)

    def as_declared(image: pyvips.Image) -> pyvips.Image:
        """With the curve of sRGB, and with the orientation: libvips sees no EXIF behind the samples."""
        image = with_srgb_curve(image, gamma=gamma) if gamma else image.copy()
        if not image.get_typeof("orientation"):
            image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
        return image

    picture = open_with_vips(source, "pngload_source", opening, with_metadata=as_declared)
    notes = left_out(lambda: (_count_pictures(source), 0))
    if gamma:
        notes += (f"its samples, which have a gamma of {gamma:g}, became those of sRGB",)
    return Photo(PNG, (picture,), notes=notes)


def _count_pictures(source: Path) -> int:
    """The still picture and the frames of an animation."""
    from PIL import Image

    with Image.open(source, formats=["PNG"]) as image:
        return int(getattr(image, "n_frames", 1))


def _save(image: pyvips.Image, path: Path, _photo: Photo, _settings: PhotoSettings) -> None:
    from colorizer.photo.codecs.vips import save_with_vips

    save_with_vips(image, path, ".png", keep="icc")


PNG = PhotoFormat(
    name="png",
    title="PNG",
    suffixes=(".png",),
    matches=starts_with(b"\x89PNG\r\n\x1a\n"),
    open=_open,
    save=_save,
    deepest="ushort",
    lacks_end=lambda ends: b"IEND" not in ends.tail,
    read_blocks=read_png,
    write_blocks=write_png,
)
