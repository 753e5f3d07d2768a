"""The blocks of a coloured copy: those of its original, with what colouring made untrue changed or left out."""

from __future__ import annotations

from dataclasses import replace

from colorizer.photo.blocks import exif, photoshop, xmp
from colorizer.photo.blocks.blocks import Blocks, Truth


def blocks_of_copy(blocks: Blocks, truth: Truth, maker: str | None) -> Blocks:
    """Make blocks true of a coloured copy.

    Args:
        blocks: of the original.
        truth: what is true of the copy.
        maker: what made the colour (see `made_with`), or None to leave it out.

    Returns:
        The blocks, with notes on what they lack. A block that cannot be read is kept as it is, and named.

    """
    notes = list(blocks.notes)
    own_exif, own_resources = blocks.exif, blocks.photoshop
    try:
        own_exif = exif.true_of_copy(own_exif, truth) if own_exif else own_exif
    except ValueError as error:
        notes.append(f"EXIF kept without a check of what it says: {error}")
    try:
        own_resources = photoshop.without_thumbnails(own_resources) if own_resources else own_resources
    except ValueError as error:
        notes.append(f"kept without a check of what they say: {error}")
    packet, said = xmp_of_copy(blocks.xmp, truth, maker)
    notes += said
    return replace(
        blocks, exif=own_exif, xmp=packet, photoshop=own_resources or None, notes=tuple(dict.fromkeys(notes))
    )


def xmp_of_copy(packet: bytes | None, truth: Truth, maker: str | None) -> tuple[bytes | None, list[str]]:
    """The packet of a coloured copy, and notes on it."""
    if packet is None and maker is None:
        return None, []
    try:
        root = xmp.parse(packet) if packet else xmp.new_packet()
    except ValueError as error:
        lacks = "; what made the colour is not in the metadata" if maker else ""
        return packet, [f"XMP kept without a check of what it says{lacks}: {error}"]
    before = xmp.serialise(root)
    appended = xmp.make_true(root, truth)
    if maker is not None:
        xmp.add_provenance(root, maker)
    elif xmp.serialise(root) == before:
        return packet, []
    return xmp.serialise(root), [f"left out: {name}" for name in appended]
