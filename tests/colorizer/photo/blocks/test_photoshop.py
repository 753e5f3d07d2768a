"""Tests of colorizer/photo/blocks/photoshop.py."""

import pytest

from colorizer.photo.blocks.photoshop import iptc_of, with_iptc, without_thumbnails


def resource(number: int, content: bytes, name: bytes = b"\x00\x00") -> bytes:
    """One resource."""
    return (
        b"8BIM" + number.to_bytes(2, "big") + name + len(content).to_bytes(4, "big") + content + bytes(len(content) % 2)
    )


def test_thumbnails_are_left_out_and_nothing_else() -> None:
    """A resource may have a name, and an odd length."""
    kept = resource(1005, b"x" * 16) + with_iptc(b"\x1c\x02\x5a\x00\x03abc") + resource(2000, b"path", b"\x03abc")
    assert without_thumbnails(resource(1036, b"odd") + kept + resource(1033, b"even")) == kept
    assert iptc_of(kept) == b"\x1c\x02\x5a\x00\x03abc"


@pytest.mark.parametrize("damaged", [b"x" * 20, resource(1005, b"x" * 16)[:-4], b"8BIM" + b"\xff" * 9])
def test_damaged_resources_are_told(damaged: bytes) -> None:
    """They are not cut in silence."""
    with pytest.raises(ValueError, match="Photoshop"):
        without_thumbnails(damaged)
    assert iptc_of(damaged) is None
