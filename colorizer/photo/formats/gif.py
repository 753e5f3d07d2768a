"""GIF (GIF89a), read by libvips; it is not written, as it holds 256 colours."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from colorizer.photo.blocks.behind import end_of_gif, name_behind
from colorizer.photo.formats.photo_format import Ends, Opening, PhotoFormat, starts_with

if TYPE_CHECKING:
    import pyvips

    from colorizer.photo.picture import Photo

_XMP = re.compile(rb"XMP DataXMP(.+?<\?xpacket end=...\?>)", re.DOTALL)
"""The packet in its application extension (XMP, part 3, 1.1.2)."""


def _open(source: Path, opening: Opening) -> Photo:
    from colorizer.photo.codecs.checks import check_end
    from colorizer.photo.codecs.vips import open_with_vips
    from colorizer.photo.picture import Photo

    check_end(source, GIF)  # the decoder accepts less
    xmp = cache(lambda: _XMP.search(source.read_bytes()))

    def with_xmp(image: pyvips.Image) -> pyvips.Image:
        """Add the XMP, which libvips does not read."""
        import pyvips

        if found := xmp():
            image = image.copy()
            image.set_type(pyvips.GValue.blob_type, "xmp-data", found[1])
        return image

    picture = open_with_vips(source, "gifload_source", opening, with_metadata=with_xmp, whole=True, n=-1)
    return Photo(GIF, (picture,), lossless=True, notes=name_behind(source, end_of_gif))


def _lacks_end(ends: Ends) -> bool:
    if ends.tail.rstrip(b"\0").endswith(b";"):
        return False
    with ends.path.open("rb") as file:  # something may lie behind its end
        return end_of_gif(file) is None


GIF = PhotoFormat(
    name="gif",
    title="GIF",
    suffixes=(".gif",),
    matches=starts_with(b"GIF87a", b"GIF89a"),
    open=_open,
    instead=("png", "webp"),
    lacks_end=_lacks_end,
)
