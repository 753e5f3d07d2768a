"""Photoshop's image resources (Photoshop File Formats, Image Resource Blocks): IPTC, captions, a thumbnail."""

from __future__ import annotations

from collections.abc import Iterator

_SIGNATURES = {b"8BIM", b"MeSa", b"PHUT", b"AgHg", b"DCSR"}
_THUMBNAILS, _PROFILE = {1033, 1036}, 1039
_IPTC = 1028


def without_thumbnails(resources: bytes) -> bytes:
    """Leave out the thumbnails and the profile, which are those of the grey picture.

    Raises:
        ValueError: the resources are damaged.

    """
    dropped = _THUMBNAILS | {_PROFILE}
    return b"".join(whole for number, _, whole in _resources(resources) if number not in dropped)


def resources_of(block: bytes) -> bytes:
    """The resources in a block that is named after IPTC: it holds resources, as in a JPEG, or an IPTC record alone."""
    bare = block.removeprefix(b"Photoshop 3.0\x00")
    return bare if bare.startswith(b"8BIM") else with_iptc(bare)


def with_iptc(record: bytes) -> bytes:
    """Resources that hold an IPTC record alone."""
    padding = b"\x00" * (len(record) % 2)
    return b"8BIM" + _IPTC.to_bytes(2, "big") + b"\x00\x00" + len(record).to_bytes(4, "big") + record + padding


def iptc_of(resources: bytes) -> bytes | None:
    """The IPTC record; None where there is none, or the resources are damaged."""
    try:
        return next((content for number, content, _ in _resources(resources) if number == _IPTC), None)
    except ValueError:
        return None


def _resources(resources: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Number, content, and all bytes of each resource."""
    place = 0
    while resources[place:].strip(b"\x00"):
        if resources[place : place + 4] not in _SIGNATURES or place + 12 > len(resources):
            raise ValueError("its Photoshop resources are damaged")
        named = resources[place + 6] + 1
        sized = place + 6 + named + named % 2
        size = int.from_bytes(resources[sized : sized + 4], "big")
        end = sized + 4 + size + size % 2
        if sized + 4 + size > len(resources):
            raise ValueError("its Photoshop resources are damaged")
        number = int.from_bytes(resources[place + 4 : place + 6], "big")
        yield number, resources[sized + 4 : sized + 4 + size], resources[place:end]
        place = end
