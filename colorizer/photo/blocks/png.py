"""The chunks of a PNG (ISO/IEC 15948): read, and put into the file of an encoder."""

from __future__ import annotations

import os
import re
import shutil
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from colorizer.errors import UnsupportedError
from colorizer.photo.blocks.blocks import Blocks
from colorizer.photo.blocks.photoshop import resources_of

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MOST = 64 << 20
"""Bytes up to which a chunk of metadata is read."""
_CHECKSUM = 4
"""Bytes of the checksum at the end of a chunk; the last chunk, IEND, has no others."""
_INCH = 0.0254
_XMP = b"XML:com.adobe.xmp"
_RAW = b"Raw profile type "
_OF_SAMPLES = {
    *(b"IHDR", b"PLTE", b"IDAT", b"IEND", b"iCCP", b"sRGB", b"cHRM", b"cICP", b"mDCV", b"cLLI", b"sBIT", b"tRNS"),
    *(b"hIST", b"acTL", b"fcTL", b"fdAT", b"iDOT"),
}
"""Chunks that belong to the samples of the original: a result has its own."""
_UNSAFE_BUT_KEPT = {b"tIME", b"gAMA", b"bKGD", b"oFFs", b"pCAL", b"sCAL", b"sTER"}
_GAMMA_OF_SRGB, _TOLERANCE = 45455, 500
"""Sample of gAMA that is true of sRGB (11.3.2.2)."""
_GREY, _PALETTE, _GREY_ALPHA = 0, 3, 4
_SRGB = b"\x01\x0d"
"""Its primaries and transfer characteristics (ITU-T H.273)."""
_APPLES = b"CgBI"
_BRIGHTER = {b"\x10", b"\x12"}
"""Transfer characteristics PQ and HLG (ITU-T H.273)."""


def read_png(path: Path) -> Blocks:
    """Read the metadata. What cannot be read is left out: its decoder says what is wrong."""
    return blocks_in(read_chunks(path))


@dataclass(frozen=True, slots=True)
class Chunks:
    """What is in a PNG beside its samples."""

    chunks: tuple[tuple[bytes, bytes], ...]
    """Type and content of each chunk but those of samples, as far as they can be read."""
    behind: int
    """Number of bytes behind the last chunk."""


def read_chunks(path: Path) -> Chunks:
    """Read what is in a PNG beside its samples."""
    with path.open("rb") as file:
        chunks, place = tuple(_chunks(file)), file.tell()
        return Chunks(chunks, max(0, file.seek(0, os.SEEK_END) - place - _CHECKSUM))


def blocks_in(png: Chunks) -> Blocks:
    """The metadata of a PNG."""
    found: dict[str, bytes] = {}
    own: list[tuple[bytes, bytes]] = []
    header, left = b"", 0
    notes: list[str] = []
    for kind, content in png.chunks:
        if kind == b"IHDR":
            header = content
        elif kind == b"eXIf":
            found["exif"] = content.removeprefix(b"Exif\x00\x00")
        elif kind in {b"tEXt", b"zTXt", b"iTXt"} and (special := _special(kind, content)):
            found = {**special, **found} if kind != b"iTXt" else {**found, **special}
        elif (own_chunk := _kept(kind, content, header)) is not None:
            own.append((kind, own_chunk))
        elif kind in _OF_SAMPLES:
            notes += _untrue(kind, content, header)
        elif kind not in _UNSAFE_BUT_KEPT:
            left += 1
    if left:
        notes.append(f"chunks of a PNG that are true of the original alone left out: {left}")
    if png.behind:
        notes.append(f"left out: {png.behind} bytes behind the picture, which tintd does not know")
    return Blocks(found.get("exif"), found.get("xmp"), found.get("photoshop"), own=tuple(own), notes=tuple(notes))


def check_samples(name: str, png: Chunks) -> None:
    """Check that the samples of the file of this name are what decoders take them for.

    Raises:
        UnsupportedError: they are brighter than white (cICP, 11.3.2.6), or the file is no PNG to others than Apple's.

    """
    found = dict(png.chunks)
    if _APPLES in found:
        raise UnsupportedError(f"{name}: a PNG for iOS alone (CgBI) is not read here; save it as a usual one")
    if found.get(b"cICP", b"\0\0")[1:2] in _BRIGHTER:
        raise UnsupportedError(f"{name}: high dynamic range (PQ or HLG) is not coloured; save it as sRGB")


def gamma_of(png: Chunks) -> float | None:
    """The exponent of the samples of a PNG, where it is not that of sRGB and nothing else says more (11.3.2.2)."""
    found = dict(png.chunks)
    stated = found.get(b"gAMA", b"")
    gamma = int.from_bytes(stated, "big") if len(stated) == 4 else 0
    if found.keys() & {b"iCCP", b"sRGB", b"cICP"} or not gamma or abs(gamma - _GAMMA_OF_SRGB) <= _TOLERANCE:
        return None
    return gamma / 100_000


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """See `read_chunks`."""
    file.seek(len(_SIGNATURE))
    while len(head := file.read(8)) == 8:
        size, kind = struct.unpack(">I4s", head)
        if kind == b"IEND":
            return
        if kind in {b"IDAT", b"fdAT"} or size > _MOST:
            file.seek(size + 4, 1)
            continue
        content = file.read(size)
        if len(content) < size:
            return
        file.read(4)
        yield kind, content


def _kept(kind: bytes, content: bytes, header: bytes) -> bytes | None:
    """A chunk as the result has it; None for one that is not true of it.

    Whether an unknown chunk depends on the samples is said by the case of its fourth letter (5.4).
    """
    if kind in _OF_SAMPLES or not (kind[3] & 0x20 or kind in _UNSAFE_BUT_KEPT):
        return None
    if kind == b"gAMA" and abs(int.from_bytes(content, "big") - _GAMMA_OF_SRGB) > _TOLERANCE:
        return None
    if kind == b"bKGD":
        return _background(content, header)
    return content


def _untrue(kind: bytes, content: bytes, header: bytes) -> list[str]:
    """Name what a chunk says of the samples, if that is more than their depth, or something else than sRGB."""
    depth = 0 if len(header) < 10 else 8 if header[9] == _PALETTE else header[8]
    if kind == b"sBIT" and content and min(content) < depth:  # 11.3.2.7
        return [
            f"left out: sBIT ({min(content)} of the {depth} bits of its samples are significant; all are in the result)"
        ]
    is_grey = len(header) >= 10 and header[9] in {_GREY, _GREY_ALPHA}
    if (
        kind == b"cICP" and len(content) == 4 and content[is_grey:2] != _SRGB[is_grey:]
    ):  # 11.3.2.6; grey has no primaries
        code = f"primaries {content[0]}, transfer function {content[1]}"
        return [f"left out: cICP (its samples have {code}; the result has a profile)"]
    return []


def _background(content: bytes, header: bytes) -> bytes | None:
    """The background of grey samples in R'G'B', for the depth that a result has."""
    if len(header) < 10 or header[9] not in {_GREY, _GREY_ALPHA} or len(content) != 2:
        return content if len(content) == 6 else None
    depth = max(1, header[8])  # 0 in a damaged file, which its decoder refuses
    deepest = 65535 if depth == 16 else 255
    level = round(int.from_bytes(content, "big") * deepest / ((1 << depth) - 1))
    return min(level, deepest).to_bytes(2, "big") * 3


def _special(kind: bytes, content: bytes) -> dict[str, bytes]:
    """XMP, EXIF and resources in a text; nothing for an ordinary one."""
    keyword = content.partition(b"\x00")[0]
    try:
        if keyword == _XMP and kind == b"iTXt":
            return {"xmp": _international(content)}
        if keyword.startswith(_RAW):
            text = content[len(keyword) + 1 :] if kind == b"tEXt" else _inflated(content[len(keyword) + 2 :])
            return _raw_profile(keyword[len(_RAW) :].lower(), text)
    except (ValueError, IndexError, zlib.error):
        return {}
    return {}


def _international(content: bytes) -> bytes:
    """The text of an iTXt chunk (11.3.4.5)."""
    _, _, rest = content.partition(b"\x00")
    compressed = rest[0]
    text = rest[2:].split(b"\x00", 2)[2]
    return _inflated(text) if compressed else text


def _inflated(compressed: bytes) -> bytes:
    """A text as it was before its compression; a few bytes could become gigabytes."""
    stream = zlib.decompressobj()
    text = stream.decompress(compressed, _MOST)
    if not stream.eof:
        raise ValueError("it breaks off, or is too long")
    return text


def _raw_profile(name: bytes, text: bytes) -> dict[str, bytes]:
    """A block that ImageMagick and others write as hexadecimal text."""
    lines = re.fullmatch(rb"\s*\S+\s+(\d+)\s(.*)", text, re.DOTALL)
    if lines is None:
        raise ValueError("no raw profile")
    block = bytes.fromhex(b"".join(lines[2].split()).decode("ascii"))
    if name in {b"exif", b"app1"}:
        if block.startswith(b"http://ns.adobe.com/xap/1.0/\x00"):
            return {"xmp": block[29:]}
        return {"exif": block.removeprefix(b"Exif\x00\x00")}
    if name == b"xmp":
        return {"xmp": block}
    if name in {b"iptc", b"8bim"}:
        return {"photoshop": resources_of(block)}
    return {}


def write_png(encoded: Path, blocks: Blocks, target: Path) -> tuple[str, ...]:
    """Copy a PNG, and give it blocks.

    Args:
        encoded: file of an encoder, with a profile at most.
        blocks: metadata.
        target: file to write.

    Returns:
        Notes on what does not fit into a PNG.

    """
    with encoded.open("rb") as source, target.open("wb") as result:
        result.write(source.read(len(_SIGNATURE)))
        while len(head := source.read(8)) == 8:
            size, kind = struct.unpack(">I4s", head)
            if kind == b"IDAT":
                for own_kind, content in _arranged(blocks):
                    checksum = zlib.crc32(own_kind + content)
                    result.write(struct.pack(">I4s", len(content), own_kind) + content + struct.pack(">I", checksum))
                result.write(head)
                shutil.copyfileobj(source, result, 1 << 20)
            elif kind == b"pHYs":  # the encoder's own
                source.seek(size + 4, 1)
            else:
                result.write(head + source.read(size + 4))
    return ()


def _arranged(blocks: Blocks) -> Iterator[tuple[bytes, bytes]]:
    own_kinds = {kind for kind, _ in blocks.own}
    if blocks.resolution and b"pHYs" not in own_kinds:
        across, along = (round(one / _INCH) for one in blocks.resolution)
        yield b"pHYs", struct.pack(">IIB", across, along, 1)
    yield from blocks.own
    if blocks.exif is not None:
        yield b"eXIf", blocks.exif
    if blocks.xmp is not None:
        yield b"iTXt", _XMP + b"\x00\x00\x00\x00\x00" + blocks.xmp
    if blocks.photoshop is not None:
        yield b"zTXt", _RAW + b"iptc\x00\x00" + zlib.compress(_as_hexadecimal(b"iptc", blocks.photoshop))
    for comment in blocks.comments:
        try:
            yield b"iTXt", b"Comment\x00\x00\x00\x00\x00" + comment.decode().encode()
        except UnicodeDecodeError:
            yield b"tEXt", b"Comment\x00" + comment.replace(b"\x00", b" ")


def _as_hexadecimal(name: bytes, block: bytes) -> bytes:
    digits = block.hex().encode()
    lines = [digits[place : place + 72] for place in range(0, len(digits), 72)]
    return b"\n" + name + b"\n" + b"%8d" % len(block) + b"\n" + b"\n".join(lines) + b"\n"
