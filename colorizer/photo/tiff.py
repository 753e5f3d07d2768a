"""A page of a TIFF: whether its samples are such as libvips reads rightly (TIFF 6.0)."""

from __future__ import annotations

from colorizer.errors import UnsupportedError
from colorizer.photo.tags import BITS, COMPRESSION, PHOTOMETRIC, SAMPLE_FORMAT, SAMPLES, Tags, number

_BITS = {1, 2, 4, 8, 16, 32}
_COMPLEX = {5, 6}
"""Sample formats that are no pictures (Adobe Pagemaker 6.0 TIFF technical notes)."""
_JPEG = {6, 7}
"""Compressions whose decoder turns Y'CbCr into R'G'B'."""
_YCBCR, _CIELAB = 6, 8
_OTHER_LABS = {9: "ICC's Lab", 10: "ITU's Lab"}


def check_page(name: str, tags: Tags) -> None:
    """See by its tags that a page can be coloured.

    Args:
        name: of the file, for people.
        tags: of the page.

    Raises:
        UnsupportedError: it cannot, or its colours would be taken for others.

    """
    bits, space = number(tags, BITS, 1), number(tags, PHOTOMETRIC, 1)
    if bits not in _BITS:
        raise UnsupportedError(f"{name}: {bits} bits a sample are not coloured; save it with 16")
    if number(tags, SAMPLE_FORMAT, 1) in _COMPLEX:
        raise UnsupportedError(f"{name}: complex samples are not coloured")
    if space == _YCBCR and number(tags, COMPRESSION, 1) not in _JPEG:
        raise UnsupportedError(f"{name}: Y'CbCr that is not compressed as JPEG is not coloured; save it as RGB or grey")
    if space in _OTHER_LABS or (space == _CIELAB and bits == 8):
        kind = _OTHER_LABS.get(space, "Lab of 8 bits a sample")
        raise UnsupportedError(f"{name}: {kind} is not coloured; save it as RGB, grey, or Lab of 16 bits")
    if space == _CIELAB and number(tags, SAMPLES, 3) > 3:  # libvips takes opaque for negative
        raise UnsupportedError(f"{name}: Lab with transparency is not coloured; save it as RGB or grey")
