"""Metadata as other programs write it: blocks made of bytes, for the tests of those that carry it."""

from __future__ import annotations

import io
import struct

from PIL import Image

PACKET = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"'
    b' xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/"'
    b' xmlns:tiff="http://ns.adobe.com/tiff/1.0/" photoshop:ColorMode="1" photoshop:ICCProfile="Dot Gain 20%%"'
    b' crs:ConvertToGrayscale="True" tiff:PhotometricInterpretation="1">'
    b"<dc:description><rdf:Alt><rdf:li xml:lang='de'>%s</rdf:li></rdf:Alt></dc:description>%s"
    b"</rdf:Description></rdf:RDF></x:xmpmeta>"
)
"""A packet of a grey picture, with places for a description and for more properties."""
NOTES_PLACE = 300
"""Where maker notes begin in the block of `exif`."""
NOTES = b"Zeiss Ikon\x00\x00" + bytes(range(52))


def packet(description: str = "Großmutter", more: str = "") -> bytes:
    """A packet of a grey picture."""
    return PACKET % (description.encode(), more.encode())


def exif(thumbnail: bytes = b"", order: str = "<") -> bytes:
    """EXIF of a grey picture that is turned, with maker notes that know where they lie, and perhaps a thumbnail."""
    notes = NOTES + struct.pack(order + "L", NOTES_PLACE)
    first = [
        (258, 3, 1, 8),
        (262, 3, 1, 1),
        (274, 3, 1, 6),
        (277, 3, 1, 1),
        (318, 5, 2, 240),
        (34665, 4, 1, 110),
        (0x8888, 3, 1, 77),
    ]
    inner = [(37500, 7, len(notes), NOTES_PLACE), (40961, 3, 1, 65535), (40962, 4, 1, 128), (40963, 4, 1, 96)]
    block = bytearray(NOTES_PLACE) + notes
    place = len(block)
    block[:8] = (b"II*\x00" if order == "<" else b"MM\x00*") + struct.pack(order + "L", 8)
    _put(block, 8, _directory(first, place if thumbnail else 0, order))
    _put(block, 110, _directory(inner, 0, order))
    if thumbnail:
        small = [(259, 3, 1, 6), (513, 4, 1, place + 42), (514, 4, 1, len(thumbnail))]
        block += _directory(small, 0, order) + thumbnail
    return bytes(block)


def _put(block: bytearray, place: int, content: bytes) -> None:
    block[place : place + len(content)] = content


def _directory(entries: list[tuple[int, int, int, int]], following: int, order: str) -> bytes:
    body = b"".join(
        struct.pack(f"{order}HHL", tag, kind, count)
        + (struct.pack(f"{order}HH", value, 0) if (kind, count) == (3, 1) else struct.pack(f"{order}L", value))
        for tag, kind, count, value in entries
    )
    return struct.pack(f"{order}H", len(entries)) + body + struct.pack(f"{order}L", following)


def small_jpeg(side: int = 32) -> bytes:
    """A small grey JPEG."""
    file = io.BytesIO()
    Image.new("L", (side, side), 90).save(file, "JPEG")
    return file.getvalue()
