"""The streams of a film beside its picture (sound, subtitles, attachments), copied packet for packet where they fit."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.bitstream import BitStreamFilterContext
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from colorizer.film.decode.container import open_film
from colorizer.film.decode.film_info import SideStream
from colorizer.film.decode.packets import read_packets
from colorizer.film.decode.probe import kept_tags
from colorizer.film.encode.conversion import Converter, OneRate, convert_stream
from colorizer.film.encode.muxer_check import muxer_writes
from colorizer.job import Excerpt

_ANY_SOUND = "aac"
"""A codec that every container takes."""
_COVER_KINDS = {"mjpeg": (".jpg", "image/jpeg"), "png": (".png", "image/png"), "bmp": (".bmp", "image/bmp")}
"""Suffix and media type of a cover, by its codec."""
_LISTED = re.compile(r"Stream #0:(\d+).*?: (\w+): (\w+)")
"""A stream in libav's listing of a container: number, kind and codec."""
_DATA = re.compile(r"Stream #0:(\d+).*?: (?:Data|Unknown): \w+ \((.*?) / 0x")
"""A stream of data there: its number, and the tag of its kind."""
_OTHER_DATA = frozenset({"data", "unknown"})
"""Kinds of streams that are neither picture, sound nor text."""
_HINTS, _GOPRO = "rtp", "gpmd"
"""The tag of a hint track (ISO/IEC 14496-12, 8.4.3.3), and that of the only data which QuickTime's muxer describes."""


@dataclass(slots=True)
class CarriedStream:
    """A stream of the original and the one of the result that takes its packets."""

    info: SideStream
    source: Stream
    target: Stream
    converter: Converter | None = None
    """Converter of its packets where they cannot be copied."""
    _last: int | None = None
    """Decoding time of the last copied packet."""

    def carry(self, packet: Packet[Stream]) -> Iterator[Packet[Stream]]:
        """The packets of the result that take the place of a packet of the original."""
        if self.converter is None:
            self._keep_order(packet)
        for carried in (packet,) if self.converter is None else self.converter.convert(packet):
            carried.stream = self.target
            yield carried

    def end(self) -> Iterable[Packet[Stream]]:
        """The packets that come after the last one."""
        for carried in self.converter.end() if self.converter else ():
            carried.stream = self.target
            yield carried

    def _keep_order(self, packet: Packet[Stream]) -> None:
        """No packet is decoded before the one before it: muxers refuse the times of damaged and spliced files."""
        if packet.dts is None:
            return
        if self._last is not None:
            packet.dts = max(packet.dts, self._last + (self.source.type != "subtitle"))
        if packet.pts is not None:
            packet.pts = max(packet.pts, packet.dts)
        self._last = packet.dts


def add_side_streams(
    result: OutputContainer, original: InputContainer, streams: Iterable[SideStream], notes: list[str]
) -> dict[int, CarriedStream]:
    """Add a stream to the result for each of the original's, by its index there.

    Args:
        result: the container of the result, whose header is not yet written.
        original: the film.
        streams: the streams of the film to carry over.
        notes: receives what became of the streams that could not be copied.

    """
    added: dict[int, CarriedStream] = {}
    listing = _listing(original)
    codecs = {int(index): codec for index, _, codec in _LISTED.findall(listing)}
    tags = {int(index): tag.strip() for index, tag in _DATA.findall(listing)}
    for stream in streams:
        tag = tags.get(stream.index, "")
        if tag == _HINTS:
            notes.append(f"stream {stream.index} left out: it says how to send the original over a network (RTP hints)")
            continue
        if _is_cover(original.streams[stream.index]) and result.format.name == "matroska":
            _attach_cover(result, original, stream)
            continue
        # QuickTime's muxer would write other data without a description: a broken track.
        is_described = stream.kind not in _OTHER_DATA or tag == _GOPRO or result.format.name == "matroska"
        carried = _add(result, original.streams[stream.index], stream) if is_described else None
        if carried is None:
            named = replace(stream, codec=tag if tag.isalnum() else codecs.get(stream.index, stream.codec))
            notes.append(f"{name_of_stream(named)} left out: {result.format.name} cannot hold it")
            continue
        if isinstance(carried.source, VideoStream) and not _is_cover(carried.source):
            notes.append(f"{name_of_stream(stream)} stays as it is: one picture of a film is coloured")
        if carried.converter:
            name, became = name_of_stream(stream), carried.converter.name
            notes.append(f"{name} became {became}: {result.format.name} cannot hold it as it is")
        if original.format.name == "dv" and carried.converter is None and isinstance(carried.source, AudioStream):
            carried.converter = OneRate(carried.source)
        added[stream.index] = carried
    return added


def side_stream_packets(
    original: InputContainer, carried: dict[int, CarriedStream], shift: Fraction, excerpt: Excerpt | None
) -> Iterator[Packet[Stream]]:
    """All packets of the side streams, `shift` seconds earlier, in the order of the file."""
    for packet in _with_dts(read_packets(original, [stream.source for stream in carried.values()])):
        offset = round(shift / packet.time_base)
        packet.dts = (packet.dts or 0) - offset
        packet.pts = packet.dts if packet.pts is None else packet.pts - offset
        # Where no stream is wanted, all are read, for `describe_late_streams`; libav may keep sound of an introduction.
        is_wanted = packet.stream.index in carried and not (packet.dts < 0 and original.format.name == "dv")
        if is_wanted and (excerpt is None or _is_inside(packet.dts * packet.time_base, excerpt)):
            yield from carried[packet.stream.index].carry(packet)
    for stream in carried.values():
        yield from stream.end()


def conversion_losses(carried: dict[int, CarriedStream]) -> Iterator[str]:
    """What could not be converted, for the report; known after the last packet."""
    for stream in carried.values():
        if stream.converter and stream.converter.loss():
            yield f"{name_of_stream(stream.info)}: {stream.converter.loss()}"


def describe_late_streams(original: InputContainer) -> Iterator[str]:
    """Streams that appeared while the film was read, for the report: a tape's sound, say, that begins late.

    The binding gives out no packets of them; its listing of the container names them, at the level of INFO.
    """
    for index, kind, codec in _LISTED.findall(_listing(original))[len(original.streams) :]:
        stream = SideStream(int(index), kind.lower(), codec)
        yield f"{name_of_stream(stream)} left out: it begins in the middle of the film"


def _listing(original: InputContainer) -> str:
    """What libav lists of a container: more than its Python binding gives."""
    level = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)
    try:
        return str(original.dumps_format())  # type: ignore[attr-defined] # its stubs lack it
    finally:
        av.logging.set_level(level)


def name_of_stream(stream: SideStream) -> str:
    """A stream in the words of the report."""
    return f"stream {stream.index} ({stream.kind}, {stream.codec})"


def _add(result: OutputContainer, stream: Stream, info: SideStream) -> CarriedStream | None:
    for copy in (_copy, _copy_sound) if stream.type == "audio" else (_copy,):
        if muxer_writes(result.format.name, partial(copy, stream=stream)):
            return CarriedStream(info, stream, copy(result, stream))
    converted = convert_stream(result, stream)
    if converted is None:
        return None
    _describe(converted[0], stream)
    return CarriedStream(info, stream, *converted)


def _copy(result: OutputContainer, stream: Stream) -> Stream:
    target = result.add_stream_from_template(stream, opaque=True)
    if stream.type == "subtitle" and stream.codec_context:  # a disc's colours, which its stream does not have
        target.codec_context.extradata = stream.codec_context.extradata
    _describe(target, stream)
    return target


def _is_cover(stream: Stream) -> bool:
    return bool(stream.disposition & Disposition.attached_pic)


def _attach_cover(result: OutputContainer, original: InputContainer, stream: SideStream) -> None:
    """Attach a cover, as Matroska holds it: copied as a stream it would become a second picture."""
    with open_film(Path(original.name.removeprefix("file:"))) as film:  # its packet comes before all others
        content = next((bytes(packet) for packet in film.demux(film.streams[stream.index]) if packet.size), b"")
    tags = {name.lower(): value for name, value in original.streams[stream.index].metadata.items()}
    suffix, kind = _COVER_KINDS.get(stream.codec, ("", "application/octet-stream"))
    result.add_attachment(tags.get("filename", f"cover{suffix}"), tags.get("mimetype", kind), content)


def _copy_sound(result: OutputContainer, stream: Stream) -> Stream:
    """The same for sound that the muxer may hold although libav's Python binding does not list it.

    In Matroska that is all that has a number in WAV files, such as Windows Media's.
    """
    target = result.add_mux_stream(_ANY_SOUND, time_base=stream.time_base)
    BitStreamFilterContext("null", stream, target)  # gives the target the original's parameters
    _describe(target, stream)
    return target


def _describe(target: Stream, stream: Stream) -> None:
    target.metadata.update(kept_tags(stream))
    target.disposition = stream.disposition


def _with_dts(packets: Iterator[Packet[Stream]]) -> Iterator[Packet[Stream]]:
    """Packets with the decoding times that Matroska leaves out where a stream of pictures begins."""
    early: dict[int, list[Packet[Stream]]] = defaultdict(list)
    for packet in packets:
        if packet.size == 0:
            continue
        waiting = early[packet.stream.index]
        waiting.append(packet)
        if packet.dts is not None:
            for steps, late in enumerate(reversed(waiting)):
                late.dts = packet.dts - steps * max(1, packet.duration or 1)
            yield from waiting
            waiting.clear()
    for waiting in early.values():  # a cover has no time at all
        yield from waiting


def _is_inside(seconds: Fraction, excerpt: Excerpt) -> bool:
    return seconds >= 0 and (excerpt.length is None or seconds < excerpt.length)
