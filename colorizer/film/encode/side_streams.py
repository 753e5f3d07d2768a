"""The streams of a film beside its picture: sound, subtitles, attachments, copied packet for packet where they fit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

from av.bitstream import BitStreamFilterContext
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Discard, Disposition, Stream

from colorizer.film.decode.packets import read_packets
from colorizer.film.decode.probe import Footage
from colorizer.film.encode.conversion import Converter, convert_stream
from colorizer.film.encode.muxer_check import takes
from colorizer.job import Piece

_OWN_TAGS = frozenset({"major_brand", "minor_version", "compatible_brands", "encoder", "duration", "alpha_mode"})
"""Metadata that describes the container itself, or how the original was encoded."""
_ANY_SOUND = "aac"
"""A codec that every container takes."""
_COVER_NAMES = {"mjpeg": "cover.jpg", "png": "cover.png"}


@dataclass(slots=True)
class Companion:
    """A stream of the original and the one of the result that takes its packets."""

    source: Stream
    target: Stream
    converter: Converter | None = None
    """Where its packets cannot be copied."""
    _last: int | None = None
    """Decoding time of the last copied packet."""

    def carry(self, packet: Packet[Stream]) -> Iterator[Packet[Stream]]:
        """What a packet of the original becomes."""
        if self.converter is None:
            self._keep_order(packet)
        for carried in (packet,) if self.converter is None else self.converter.convert(packet):
            carried.stream = self.target
            yield carried

    def end(self) -> Iterable[Packet[Stream]]:
        """What is left after the last packet."""
        for carried in self.converter.end() if self.converter else ():
            carried.stream = self.target
            yield carried

    def _keep_order(self, packet: Packet[Stream]) -> None:
        """No packet is decoded before the one before it: muxers refuse what damaged and spliced files say."""
        if packet.dts is None:
            return
        if self._last is not None:
            packet.dts = max(packet.dts, self._last + (self.source.type != "subtitle"))
        if packet.pts is not None:
            packet.pts = max(packet.pts, packet.dts)
        self._last = packet.dts


def companions_of(original: InputContainer, footage: Footage) -> list[Stream]:
    """The streams beside the picture that are carried over; what the muxer makes anew is not among them."""
    return [stream for stream in original.streams if stream.index != footage.index and not _made_anew(stream)]


def add_companions(result: OutputContainer, streams: list[Stream], notes: list[str]) -> dict[int, Companion]:
    """Add a stream to the result for each of the original's, by its index there.

    Args:
        result: whose header is not yet written.
        streams: see `companions_of`.
        notes: told what became of the streams that could not be copied.

    """
    added: dict[int, Companion] = {}
    for stream in streams:
        companion = _add(result, stream)
        if companion is None:
            notes.append(f"stream {stream.index} ({describe(stream)}) left out: {result.format.name} cannot hold it")
            continue
        if companion.converter:
            notes.append(
                f"stream {stream.index} ({describe(stream)}) became {companion.converter.name}: "
                f"{result.format.name} cannot hold it as it is"
            )
        added[stream.index] = companion
    return added


def companion_packets(
    original: InputContainer, companions: dict[int, Companion], shift: Fraction, piece: Piece | None
) -> Iterator[Packet[Stream]]:
    """All packets of the companions, `shift` seconds earlier, in the order of the file."""
    if not companions:
        return
    for packet in _with_dts(read_packets(original, [companion.source for companion in companions.values()])):
        offset = round(shift / packet.time_base)
        packet.dts = (packet.dts or 0) - offset
        packet.pts = packet.dts if packet.pts is None else packet.pts - offset
        if piece is None or _is_inside(packet.dts * packet.time_base, piece):
            yield from companions[packet.stream.index].carry(packet)
    for companion in companions.values():
        yield from companion.end()


def companion_flaws(companions: dict[int, Companion]) -> Iterator[str]:
    """What could not be converted, when all is done."""
    for index, companion in companions.items():
        if companion.converter and companion.converter.flaw():
            yield f"stream {index} ({describe(companion.source)}): {companion.converter.flaw()}"


def kept_tags(described: InputContainer | Stream) -> dict[str, str]:
    """Metadata that says something of the film, not of its container."""
    return {key: value for key, value in described.metadata.items() if key.lower() not in _OWN_TAGS}


def codec_of(stream: Stream) -> str:
    """The codec's own name, whichever decoder reads it."""
    return stream.codec_context.codec.canonical_name if stream.codec_context else "unknown"


def describe(stream: Stream) -> str:
    """A stream in two words, for a person."""
    return f"{stream.type}, {codec_of(stream)}"


def _made_anew(stream: Stream) -> bool:
    """A track of timecode, which is also a tag; the chapters of QuickTime, which libav reads but does not show."""
    return stream.type == "data" and ("timecode" in stream.metadata or stream.discard == Discard.all)


def _add(result: OutputContainer, stream: Stream) -> Companion | None:
    for copy in (_copy, _copy_sound) if stream.type == "audio" else (_copy,):
        if takes(result.format.name, partial(copy, stream=stream)):
            return Companion(stream, copy(result, stream))
    converted = convert_stream(result, stream)
    if converted is None:
        return None
    _describe(converted[0], stream)
    return Companion(stream, *converted)


def _copy(result: OutputContainer, stream: Stream) -> Stream:
    target = result.add_stream_from_template(stream, opaque=True)
    _describe(target, stream)
    if stream.disposition & Disposition.attached_pic and "filename" not in stream.metadata:
        target.metadata["filename"] = _COVER_NAMES.get(codec_of(stream), "cover")
    return target


def _copy_sound(result: OutputContainer, stream: Stream) -> Stream:
    """The same for sound that is not on the list which libav's Python binding asks, although the muxer may hold it.

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


def _is_inside(seconds: Fraction, piece: Piece) -> bool:
    return seconds >= 0 and (piece.length is None or seconds < piece.length)
