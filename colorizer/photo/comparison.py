"""The metadata of a result beside that of its original, both read by Pillow, which wrote neither."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import pillow_heif
from PIL import ExifTags, Image

from colorizer.photo.blocks import xmp
from colorizer.photo.blocks.photoshop import iptc_of
from colorizer.photo.tags import LAYOUT, RAW

_CHANGED = {
    *(LAYOUT | RAW),
    *(254, 274, 301, 318, 319, 529, 532, 700, 33723, 34377, 34665, 34675, 34853, 37724),
    *(40961, 40962, 40963, 40965, 42240),
}
"""Tags that are not the same in a coloured copy, or that hold what is compared by itself."""
_DIRECTORIES = {34665: "EXIF", 34853: "GPS"}
_NO_RESOLUTION = (1, 1)
"""Resolution that Pillow gives to a TIFF without one."""
_MOST_NAMES = 8
_Values = dict[tuple[str, str], list[str]]
"""Values by group and name."""


def lost_metadata(source: Path, target: Path, told: Sequence[str]) -> tuple[str, ...]:
    """Name the metadata of an original that its result lacks, or has otherwise.

    Args:
        source: the original.
        target: the result.
        told: notes that name what is left out; a group of which one speaks is not compared.

    Returns:
        One note, or none. There is none about an original that Pillow does not read.

    """
    try:
        before, after = _values_of(source), _values_of(target)
    except Exception:  # noqa: BLE001 (a decoder may raise anything at a damaged original)
        return ()
    lost = [
        f"{group} {name}".rstrip()
        for (group, name), values in before.items()
        if after.get((group, name)) != values and not any(group in note for note in told)
    ]
    if not lost:
        return ()
    more = f" and {len(lost) - _MOST_NAMES} more" if len(lost) > _MOST_NAMES else ""
    return (f"metadata that is not as in the original: {', '.join(lost[:_MOST_NAMES])}{more}",)


def _values_of(path: Path) -> _Values:
    """All values in the metadata of a file.

    Raises:
        Exception: Pillow does not read it.

    """
    values: _Values = defaultdict(list)
    with warnings.catch_warnings(action="ignore"):
        for group, name, value in _read(path):
            values[group, name].append(value)
    return {key: sorted(found) for key, found in values.items()}


def _read(path: Path) -> Iterator[tuple[str, str, str]]:
    with path.open("rb") as file:
        is_heif = file.read(12)[4:8] == b"ftyp"
    if is_heif:
        info = pillow_heif.open_heif(path).info
        exif = Image.Exif()
        exif.load(info.get("exif") or b"")
        yield from _of_exif(exif)
        yield from _of_xmp([info.get("xmp")])
        return
    with Image.open(path) as image:
        yield from _of_exif(image.getexif())
        yield from _of_xmp(_packets(image))
        yield from (("comment", "", str(content)) for marker, content in _segments(image) if marker == "COM")
        yield from (("texts", key, str(text)) for key, text in _texts(image).items())
        yield from _of_iptc(image)
        if image.info.get("dpi", _NO_RESOLUTION) != _NO_RESOLUTION:
            yield "resolution", "", str(tuple(round(float(one)) for one in image.info["dpi"]))


def _of_exif(exif: Image.Exif) -> Iterator[tuple[str, str, str]]:
    yield from _named("EXIF", dict(exif))
    for pointer, group in _DIRECTORIES.items():
        yield from _named(group, exif.get_ifd(pointer))


def _named(group: str, tags: dict[int, object]) -> Iterator[tuple[str, str, str]]:
    names = ExifTags.GPSTAGS if group == "GPS" else ExifTags.TAGS
    for tag, value in tags.items():
        if tag not in _CHANGED:
            yield group, names.get(tag, str(tag)), str(value).rstrip("\0")  # some programs pad texts


def _of_xmp(packets: Sequence[bytes | None]) -> Iterator[tuple[str, str, str]]:
    for packet in packets:
        if packet:
            for name, value in xmp.properties(xmp.parse(packet)):
                if not xmp.is_changed(name):
                    yield "XMP", name.partition("}")[2], value


def _packets(image: Image.Image) -> list[bytes | None]:
    """The packets of XMP, of which a JPEG may have an extended one."""
    extended = [content[75:] for _, content in _segments(image) if content.startswith(b"http://ns.adobe.com/xmp/ext")]
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
    return [packet.encode() if isinstance(packet, str) else packet, b"".join(extended)]


def _segments(image: Image.Image) -> list[tuple[str, bytes]]:
    return list(getattr(image, "applist", []))


def _texts(image: Image.Image) -> dict[str, str]:
    texts: dict[str, str] = getattr(image, "text", {})
    return {key: text for key, text in texts.items() if not key.startswith(("XML:", "Raw profile"))}


def _of_iptc(image: Image.Image) -> Iterator[tuple[str, str, str]]:
    resources = b"".join(content[14:] for _, content in _segments(image) if content.startswith(b"Photoshop 3.0\x00"))
    record = iptc_of(resources)
    if record:
        yield "IPTC", "", record.hex()
