"""Tests of colorizer/photo/blocks/xmp.py and copying.py."""

import pytest

from colorizer.photo.blocks import xmp
from colorizer.photo.blocks.blocks import Blocks, Truth
from colorizer.photo.blocks.copying import blocks_of_copy, xmp_of_copy
from tests.assets.metadata import packet

MOTION = (
    '<GCamera:MotionPhoto xmlns:GCamera="http://ns.google.com/photos/1.0/camera/">1</GCamera:MotionPhoto>'
    '<C:Directory xmlns:C="http://ns.google.com/photos/1.0/container/"'
    ' xmlns:I="http://ns.google.com/photos/1.0/container/item/"><rdf:Seq><rdf:li rdf:parseType="Resource">'
    '<C:Item I:Semantic="MotionPhoto"/></rdf:li></rdf:Seq></C:Directory>'
)


def values(content: bytes | None) -> dict[str, str]:
    """Values by the names of their properties, without namespaces."""
    assert content is not None
    return {name.partition("}")[2]: value for name, value in xmp.properties(xmp.parse(content))}


def test_a_coloured_copy_does_not_claim_to_be_grey() -> None:
    """What Lightroom and Photoshop say of a grey picture; its description stays."""
    copy, notes = xmp_of_copy(packet(), Truth(), "tintd")
    assert notes == []
    assert values(copy) == {
        "ColorMode": "3",
        "ConvertToGrayscale": "False",
        "PhotometricInterpretation": "2",
        "li": "Großmutter",
        "CreatorTool": "tintd",
        "DigitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicallyEnhanced",
    }


def test_a_film_that_is_not_there_is_announced_no_more() -> None:
    """Phones append a film to a photograph; the report names it."""
    copy, notes = xmp_of_copy(packet(more=MOTION), Truth(), None)
    assert notes == ["left out: a film (motion photo)"]
    assert copy is not None
    assert b"Motion" not in copy
    assert values(copy)["li"] == "Großmutter"


@pytest.mark.parametrize("maker", [None, "tintd"])
def test_a_packet_that_is_no_xmp_is_kept_and_named(maker: str | None) -> None:
    """It may say something to somebody."""
    blocks = blocks_of_copy(Blocks(xmp=b"<broken", exif=b"none", photoshop=b"none at all"), Truth(), maker)
    assert (blocks.xmp, blocks.exif, blocks.photoshop) == (b"<broken", b"none", b"none at all")
    assert len(blocks.notes) == 3


def test_a_true_packet_stays_as_it_is() -> None:
    """Byte for byte, where nothing is to be said."""
    plain = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"></x:xmpmeta>'
    assert xmp_of_copy(plain, Truth(), None) == (plain, [])
    assert xmp_of_copy(None, Truth(), None) == (None, [])
