"""What libav's muxer leaves out of a Matroska file (RFC 9559): written into its finished header.

The muxer of libav's Python binding cannot be told the shape of samples. It knows neither crop, projection, languages by
BCP 47, nor editions and nested chapters. An attachment keeps room for them, and is taken out again.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from av.container import OutputContainer

from colorizer.errors import MediaError
from colorizer.film.encode.ebml import Element, checked_master, encode_id, master, number, read_head, void

_SEGMENT, _SEEK_HEAD, _TRACKS, _CHAPTERS, _CLUSTER = 0x18538067, 0x114D9B74, 0x1654AE6B, 0x1043A770, 0x1F43B675
_INFO = 0x1549A966
LINKS = frozenset({0x73A4, 0x3CB923, 0x3EB923, 0x4444})
"""Identifiers of a file, of those before and behind it, and of its family, by which players link files."""
_ATTACHMENTS, _ATTACHED_FILE, _FILE_NAME, _VOID = 0x1941A469, 0x61A7, 0x466E, 0xEC
_SEEK, _SEEK_ID, _SEEK_POSITION = 0x4DBB, 0x53AB, 0x53AC
_TRACK, _TRACK_TYPE, _CODEC = 0xAE, 0x83, 0x86
VIDEO, BCP_47, PROJECTION = 0xE0, 0x22B59D, 0x7670
_PIXEL_WIDTH, _PIXEL_HEIGHT = 0xB0, 0xBA
DISPLAY = (0x54B0, 0x54BA, 0x54B2)
CROP = (0x54AA, 0x54BB, 0x54CC, 0x54DD)
_STREAM_TYPES = frozenset({1, 2, 17, 33})
"""Types of tracks of which libav makes streams: pictures, sound, subtitles, metadata."""
_EDITION, _ATOM, _BEGIN, _END, _LINKED_FILE = 0x45B9, 0xB6, 0x91, 0x92, 0x6E67

_ROOM_NAME = "room of tintd"
_SPARE = 1024
"""Bytes of room beyond what is added."""
_MOST = 1 << 24
"""Elements of a header that are larger are not read: they are damaged, or an attached film."""


@dataclass(frozen=True, slots=True)
class Header:
    """The elements of a Matroska file that libav does not carry over."""

    tracks: tuple[Element, ...] = ()
    """One for each of libav's streams, attachments aside."""
    chapters: Element | None = None
    links: tuple[Element, ...] = ()
    """See `LINKS`."""


@dataclass(frozen=True, slots=True)
class PictureSettings:
    """How the pictures of a track are shown."""

    shape: Fraction | None
    """Sample aspect ratio."""
    elements: tuple[Element, ...] = ()
    """Elements of the original's video settings; a size among them goes before the shape."""


@dataclass(frozen=True, slots=True)
class Additions:
    """What is to be written into a result's header."""

    pictures: Mapping[int, PictureSettings]
    """Settings of each track of pictures, by the number of the track, from 0."""
    languages: Mapping[int, Element] = field(default_factory=dict)
    """Language by the number of the track."""
    chapters: Element | None = None
    """All chapters, in place of libav's."""
    links: tuple[Element, ...] = ()
    """See `LINKS`."""

    @property
    def shows_other_files(self) -> bool:
        """Whether a chapter shows a part of another file."""
        editions = self.chapters.children() if self.chapters else ()
        return any(atom.child(_LINKED_FILE) for edition in editions for atom in edition.children() if atom.id == _ATOM)

    @property
    def room(self) -> int:
        """Bytes that they take at most."""
        settings = [element for picture in self.pictures.values() for element in picture.elements]
        elements = (*settings, *self.languages.values(), *self.links, *((self.chapters,) if self.chapters else ()))
        return _SPARE + sum(len(bytes(element)) for element in elements)


def read_header(path: Path) -> Header:
    """Read what libav does not carry over; nothing of what is damaged."""
    with path.open("rb") as file:
        found = _read_wanted(file, {_INFO, _TRACKS, _CHAPTERS})
    tracks = found[_TRACKS].children() if _TRACKS in found else []
    links = tuple(each for each in found[_INFO].children() if each.id in LINKS) if _INFO in found else ()
    return Header(tuple(filter(_is_stream, tracks)), found.get(_CHAPTERS), links)


def moved_chapters(chapters: Element, shift: Fraction, end: Fraction | None) -> Element | None:
    """Chapters on the result's clock, from its zero on; None where there is none.

    Args:
        chapters: the element of the original.
        shift: seconds that are taken off every time.
        end: the second at which the result ends; None where the film does.

    """
    most = None if end is None else round(end * 10**9)
    editions = []
    for edition in chapters.children():
        if edition.id == _EDITION:
            kept = [_moved(atom, round(shift * 10**9), most) for atom in edition.children()]
            inside = [atom for atom in kept if atom is not None]
            if any(atom.id == _ATOM for atom in inside):
                editions.append(master(_EDITION, *inside))
    return checked_master(_CHAPTERS, *editions) if editions else None


def keep_room(result: OutputContainer, wanted: Additions) -> None:
    """Keep room in a result's header, which is not yet written."""
    result.add_attachment(_ROOM_NAME, "application/octet-stream", bytes(wanted.room))


def add_to_header(path: Path, wanted: Additions) -> None:
    """Write into the header of a finished result, in the room that `keep_room` kept.

    Raises:
        MediaError: the file is not as libav's muxer writes it.

    """
    with path.open("r+b") as file:
        begin = _enter_segment(file)
        found = None if begin is None else _header_elements(file)
        if begin is None or found is None:
            raise MediaError(f"{path.name}: the header of the coloured film is not as expected; please report this")
        elements, end = found
        changed = [each for each in (_changed(element, wanted) for element in elements) if each]
        if wanted.chapters:
            changed.append(wanted.chapters)
        file.seek(begin)
        file.write(_laid_out(changed, end - begin))


def _is_stream(track: Element) -> bool:
    kind = track.child(_TRACK_TYPE)
    return track.id == _TRACK and kind is not None and kind.number in _STREAM_TYPES and track.child(_CODEC) is not None


def _read_wanted(file: BinaryIO, wanted: set[int]) -> dict[int, Element]:
    """Elements before the first cluster, and those that the index of the file names behind it."""
    begin = _enter_segment(file)
    found: dict[int, Element] = {}
    if begin is None:
        return found
    places: dict[int, int] = {}
    while (head := read_head(file)) is not None and head[0] != _CLUSTER:
        element = _read_content(file, *head, wanted | {_SEEK_HEAD})
        if element is None:
            break
        if element.id == _SEEK_HEAD:
            places |= _places(element)
        elif element.id in wanted:
            found.setdefault(element.id, element)
    for identity in wanted & places.keys() - found.keys():
        file.seek(begin + places[identity])
        head = read_head(file)
        element = _read_content(file, *head, wanted) if head and head[0] == identity else None
        if element is not None:
            found[identity] = element
    return found


def _read_content(file: BinaryIO, identity: int, size: int | None, wanted: set[int]) -> Element | None:
    """An element with its content where that is wanted; None where it cannot be passed."""
    if size is None:
        return None
    if identity not in wanted or size > _MOST:
        file.seek(size, os.SEEK_CUR)
        return Element(0, b"")
    content = file.read(size)
    return Element(identity, content) if len(content) == size else None


def _places(seek_head: Element) -> dict[int, int]:
    places = {}
    for seek in seek_head.children():
        identity, position = seek.child(_SEEK_ID), seek.child(_SEEK_POSITION)
        if identity is not None and position is not None:
            places[identity.number] = position.number
    return places


def _enter_segment(file: BinaryIO) -> int | None:
    """Go to the first element in the segment; None where there is none."""
    head = read_head(file)
    while head is not None and head[0] != _SEGMENT:
        if head[1] is None:
            return None
        file.seek(head[1], os.SEEK_CUR)
        head = read_head(file)
    return file.tell() if head else None


def _header_elements(file: BinaryIO) -> tuple[list[Element], int] | None:
    """The elements before the first cluster, and where that begins."""
    elements: list[Element] = []
    while True:
        place, head = file.tell(), read_head(file)
        if head is None or head[1] is None:
            return None
        if head[0] == _CLUSTER:
            return elements, place
        elements.append(Element(head[0], file.read(head[1])))


def _changed(element: Element, wanted: Additions) -> Element | None:
    """An element of the result's header with what is added to it."""
    if element.id == _VOID or (element.id == _CHAPTERS and wanted.chapters):
        return None
    if element.id == _INFO and wanted.links:
        own = (each for each in element.children() if each.id not in LINKS)
        return checked_master(_INFO, *own, *wanted.links)
    if element.id == _TRACKS:
        tracks = (_with_additions(track, place, wanted) for place, track in enumerate(element.children()))
        return checked_master(_TRACKS, *tracks)
    if element.id == _ATTACHMENTS:
        files = [file for file in element.children() if not _is_room(file)]
        return checked_master(_ATTACHMENTS, *files) if files else None
    return element


def _is_room(file: Element) -> bool:
    name = file.child(_FILE_NAME)
    return file.id == _ATTACHED_FILE and name is not None and name.content == _ROOM_NAME.encode()


def _with_additions(track: Element, place: int, wanted: Additions) -> Element:
    own = [each for each in track.children() if each.id != BCP_47]
    picture = wanted.pictures.get(place)
    if picture is not None:
        own = [_shaped(each, picture) if each.id == VIDEO else each for each in own]
    language = wanted.languages.get(place)
    return master(_TRACK, *own, *((language,) if language else ()))


def _shaped(settings: Element, wanted: PictureSettings) -> Element:
    """The settings of a track of pictures with the size at which they are shown."""
    added = {element.id for element in wanted.elements}
    own = [element for element in settings.children() if element.id not in {*added, *DISPLAY}]
    sizes = {element.id: element.number for element in own}
    shown = () if added & set(DISPLAY) else _display(sizes[_PIXEL_WIDTH], sizes[_PIXEL_HEIGHT], wanted.shape)
    return master(VIDEO, *own, *shown, *wanted.elements)


def _display(width: int, height: int, shape: Fraction | None) -> tuple[Element, ...]:
    """The size at which a picture is shown: its samples are made wider or, where they are narrow, higher."""
    shape = shape or Fraction(1)
    shown = (round(width * shape), height) if shape >= 1 else (width, round(height / shape))
    return tuple(number(identity, max(1, side)) for identity, side in zip(DISPLAY, shown, strict=False))


def _laid_out(elements: Sequence[Element], length: int) -> bytes:
    """Elements one after the other, with the index of their places in front, and an empty one behind them."""
    index, *others = elements
    behind = {identity: place for identity, place in _places(index).items() if place >= length}
    size = len(bytes(_index({element.id: 0 for element in others} | behind)))
    places = {}
    for element in others:
        places[element.id] = size
        size += len(bytes(element))
    return b"".join(map(bytes, (_index(places | behind), *others))) + void(length - size)


def _index(places: Mapping[int, int]) -> Element:
    """An index, whose length depends on the number of places alone."""
    seeks = (
        master(_SEEK, Element(_SEEK_ID, encode_id(identity)), Element(_SEEK_POSITION, place.to_bytes(8, "big")))
        for identity, place in places.items()
    )
    return checked_master(_SEEK_HEAD, *seeks)


def _moved(element: Element, shift: int, most: int | None) -> Element | None:
    """A chapter on the result's clock with those inside it, in nanoseconds; other elements as they are."""
    if element.id != _ATOM:
        return element
    begin, end = element.child(_BEGIN), element.child(_END)
    starts = (begin.number if begin else 0) - shift
    ends = None if end is None else end.number - shift
    if (most is not None and starts >= most) or (ends is not None and ends <= 0):
        return None
    times = {_BEGIN: number(_BEGIN, max(starts, 0))}
    if ends is not None:
        times[_END] = number(_END, ends if most is None else min(ends, most))
    kept = (times.get(each.id) or _moved(each, shift, most) for each in element.children())
    return master(_ATOM, *(each for each in kept if each is not None))
