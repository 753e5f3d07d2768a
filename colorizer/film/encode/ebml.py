"""EBML (RFC 8794), the coding of Matroska's elements: read and written in memory."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_CRC = 0xBF
_VOID = 0xEC
_LONGEST_SIZE = 8
"""Bytes of the longest size."""


@dataclass(frozen=True, slots=True)
class Element:
    """An element and its content, which for a master element is the bytes of its children."""

    id: int
    content: bytes

    def __bytes__(self) -> bytes:
        return encode_id(self.id) + encode_size(len(self.content)) + self.content

    @property
    def number(self) -> int:
        """The content as an unsigned integer."""
        return int.from_bytes(self.content, "big")

    def children(self) -> list[Element]:
        """The elements in a master element, without its checksum; what is damaged ends the list."""
        return [child for child in _parsed(self.content) if child.id != _CRC]

    def child(self, wanted: int) -> Element | None:
        """The first child of an id."""
        return next((child for child in self.children() if child.id == wanted), None)


def number(identity: int, value: int) -> Element:
    """An unsigned integer."""
    return Element(identity, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


def master(identity: int, *children: Element) -> Element:
    """A master element."""
    return Element(identity, b"".join(map(bytes, children)))


def checked_master(identity: int, *children: Element) -> Element:
    """A master element that begins with the checksum of its children."""
    content = b"".join(map(bytes, children))
    return Element(identity, bytes(Element(_CRC, zlib.crc32(content).to_bytes(4, "little"))) + content)


def void(length: int) -> bytes:
    """An empty element of a total length of at least 9 bytes, which readers pass over."""
    content = length - 1 - _LONGEST_SIZE
    return encode_id(_VOID) + encode_size(content, _LONGEST_SIZE) + bytes(content)


def encode_id(identity: int) -> bytes:
    """The bytes of an id, which contain the mark of its length."""
    return identity.to_bytes((identity.bit_length() + 7) // 8, "big")


def encode_size(size: int, length: int = 0) -> bytes:
    """The bytes of a size: as few as possible, or a fixed number of them."""
    length = length or next(n for n in range(1, _LONGEST_SIZE + 1) if size < (1 << 7 * n) - 1)
    return (size | 1 << 7 * length).to_bytes(length, "big")


def read_head(file: BinaryIO) -> tuple[int, int | None] | None:
    """Read the id and the size of an element.

    Returns:
        Both; the size is None where it is unknown. None at the end of the file, or where no element begins.

    """
    identity = _read_number(file, 4, marked=True)
    if identity is None:
        return None
    size = _read_number(file, _LONGEST_SIZE, marked=False)
    return None if size is None else (identity[0], None if size[0] == (1 << 7 * size[1]) - 1 else size[0])


def _read_number(file: BinaryIO, longest: int, *, marked: bool) -> tuple[int, int] | None:
    """A number of variable length and its number of bytes, with or without the mark of its length."""
    first = file.read(1)
    length = 9 - first[0].bit_length() if first else longest + 1
    if length > longest:
        return None
    rest = file.read(length - 1)
    if len(rest) < length - 1:
        return None
    head = first[0] if marked else first[0] & ((1 << (8 - length)) - 1)
    return int.from_bytes(bytes([head]) + rest, "big"), length


def _parsed(content: bytes) -> Iterator[Element]:
    file = io.BytesIO(content)
    while (head := read_head(file)) is not None:
        identity, size = head
        if size is None or file.tell() + size > len(content):
            return
        yield Element(identity, file.read(size))
