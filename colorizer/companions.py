"""The streams of a film beside its picture: sound, subtitles, attachments, copied packet for packet where they fit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream

from colorizer.footage import Footage
from colorizer.job import Piece

_OWN_TAGS = frozenset({"major_brand", "minor_version", "compatible_brands", "encoder", "duration"})
"""Metadata that describes the container itself."""
_SPARE_SOUND = "flac"
"""What sound becomes that the result cannot hold as it is: nothing of it is lost."""


@dataclass(slots=True)
class Companion:
    """A stream of the original and the one of the result that takes its packets."""

    target: Stream
    decoded: AudioStream | None = None
    """The original's stream, where its packets are not copied but converted."""
    _heard: Fraction = Fraction(0)
    """Seconds at which the last converted frame ended."""

    def carry(self, packet: Packet[Stream]) -> Iterator[Packet[Stream]]:
        """What a packet of the original becomes."""
        if self.decoded:
            yield from self._encode(cast("list[av.AudioFrame]", packet.decode()))
        else:
            packet.stream = self.target
            yield packet

    def end(self) -> Iterator[Packet[Stream]]:
        """What is left in decoder and encoder after the last packet."""
        if self.decoded:
            yield from self._encode(self.decoded.decode(None))
            yield from cast("list[Packet[Stream]]", cast("AudioStream", self.target).encode(None))

    def _encode(self, frames: Sequence[av.AudioFrame]) -> Iterator[Packet[Stream]]:
        for frame in frames:
            if frame.pts is None:  # what a decoder gives up only at the end
                frame.time_base = Fraction(1, frame.sample_rate)
                frame.pts = round(self._heard * frame.sample_rate)
            self._heard = frame.pts * cast("Fraction", frame.time_base) + Fraction(frame.samples, frame.sample_rate)
            yield from cast("list[Packet[Stream]]", cast("AudioStream", self.target).encode(frame))


def companions_of(original: InputContainer, footage: Footage) -> list[Stream]:
    """The streams beside the picture that are carried over; what the muxer makes anew is not among them."""
    return [stream for stream in original.streams if stream.index != footage.index and stream.type != "data"]


def add_companions(result: OutputContainer, streams: list[Stream], notes: list[str]) -> dict[int, Companion]:
    """Add a stream to the result for each of the original's, by its index there.

    Args:
        result: whose header is not yet written.
        streams: see `companions_of`.
        notes: told what became of the streams that could not be copied.

    """
    added: dict[int, Companion] = {}
    for stream in streams:
        companion = _copy(result, stream) or _convert(result, stream, notes)
        if companion is None:
            notes.append(f"stream {stream.index} ({describe(stream)}) left out: {result.format.name} cannot hold it")
            continue
        companion.target.metadata.update(kept_tags(stream))
        companion.target.disposition = stream.disposition
        added[stream.index] = companion
    return added


def companion_packets(
    original: InputContainer, companions: dict[int, Companion], shift: Fraction, piece: Piece | None
) -> Iterator[Packet[Stream]]:
    """All packets of the companions, `shift` seconds earlier, in the order of the file."""
    if not companions:
        return
    for packet in _with_dts(original.demux([original.streams[index] for index in companions])):
        offset = round(shift / packet.time_base)
        packet.dts = (packet.dts or 0) - offset
        packet.pts = packet.dts if packet.pts is None else packet.pts - offset
        if piece is None or _is_inside(packet.dts * packet.time_base, piece):
            yield from companions[packet.stream.index].carry(packet)
    for companion in companions.values():
        yield from companion.end()


def kept_tags(described: InputContainer | Stream) -> dict[str, str]:
    """Metadata that says something of the film, not of its container."""
    return {key: value for key, value in described.metadata.items() if key.lower() not in _OWN_TAGS}


def codec_of(stream: Stream) -> str:
    """The codec's own name, whichever decoder reads it."""
    return stream.codec_context.codec.canonical_name if stream.codec_context else stream.name or "unknown"


def describe(stream: Stream) -> str:
    """A stream in two words, for a person."""
    return f"{stream.type}, {codec_of(stream)}"


def _copy(result: OutputContainer, stream: Stream) -> Companion | None:
    try:
        return Companion(result.add_stream_from_template(stream, opaque=True))
    except (ValueError, av.error.FFmpegError):
        return None


def _convert(result: OutputContainer, stream: Stream, notes: list[str]) -> Companion | None:
    if not isinstance(stream, AudioStream):
        return None
    try:
        target = cast("AudioStream", result.add_stream(_SPARE_SOUND, rate=stream.rate, layout=stream.layout))
    except (ValueError, av.error.FFmpegError):
        return None
    notes.append(
        f"sound {stream.index} became {_SPARE_SOUND.upper()}: {result.format.name} cannot hold {codec_of(stream)}"
    )
    return Companion(target, decoded=stream)


def _with_dts(packets: Iterator[Packet[Stream]]) -> Iterator[Packet[Stream]]:
    """Packets with the decoding times that Matroska leaves out where a stream of pictures begins."""
    early: dict[int, list[Packet[Stream]]] = defaultdict(list)
    for packet in packets:
        if packet.size == 0 or packet.is_discard:
            continue
        waiting = early[packet.stream.index]
        waiting.append(packet)
        if packet.dts is not None:
            for steps, late in enumerate(reversed(waiting)):
                late.dts = packet.dts - steps * max(1, packet.duration or 1)
            yield from waiting
            waiting.clear()


def _is_inside(seconds: Fraction, piece: Piece) -> bool:
    return seconds >= 0 and (piece.length is None or seconds < piece.length)
