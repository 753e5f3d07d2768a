"""Conversion of streams that a container cannot hold as they are into a form that it can, without loss."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import Protocol, cast

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream

from colorizer.film.encode.muxer_check import muxer_accepts

_LOSSLESS_AUDIO = ("flac", "alac", "pcm_s16le")
"""Codecs that lose nothing of a sound; the first that a container holds is taken."""
_SAMPLE_BYTES, _DV_RATES = 2, (32000, 44100, 48000)
"""Bytes of a sample of DV's sound, as libav gives it out, and the rates of DV (IEC 61834-4)."""
_TEXT_LENGTH = 2
"""Bytes at the beginning of QuickTime text that give its length."""


class Converter(Protocol):
    """Converts the packets of a stream."""

    name: str
    """Name of the new codec."""

    def convert(self, packet: Packet[Stream]) -> Iterable[Packet[Stream]]:
        """The packets that take a packet's place."""

    def end(self) -> Iterable[Packet[Stream]]:
        """Those that come after the last one."""

    def loss(self) -> str:
        """What could not be converted, in words for the report; empty where all was."""


def convert_stream(result: OutputContainer, stream: Stream) -> tuple[Stream, Converter] | None:
    """Add a stream to a container that takes the original's in another form, if there is one."""
    if not stream.codec_context:
        return None
    if isinstance(stream, AudioStream):
        for codec in _LOSSLESS_AUDIO:
            if muxer_accepts(result.format.name, partial(_add_sound, codec=codec, like=stream)):
                target = _add_sound(result, codec, stream)
                return target, LosslessAudio(codec.upper(), target, stream)
    if stream.type == "subtitle" and stream.codec_context.name == "mov_text" and result.format.name == "matroska":
        return result.add_mux_stream("subrip", time_base=stream.time_base), SubRip()
    return None


@dataclass(slots=True)
class LosslessAudio:
    """Decodes sound and encodes it without loss."""

    name: str
    target: AudioStream
    source: AudioStream
    _decoded_until: Fraction = Fraction(0)
    """Time at which the last decoded frame ends, in seconds."""
    _lost: list[Fraction] = field(default_factory=list)
    """Times at which packets could not be decoded, in seconds."""
    _resampler: AudioResampler | None = None

    def convert(self, packet: Packet[Stream]) -> Iterator[Packet[Stream]]:
        """Encode what a packet holds; what cannot be decoded leaves a gap."""
        yield from self._encode(self._decode(packet))

    def end(self) -> Iterator[Packet[Stream]]:
        """Empty the decoder and the encoder."""
        yield from self._encode(self._decode(None))
        yield from cast("list[Packet[Stream]]", self.target.encode(None))

    def loss(self) -> str:
        """How much was lost, and where first."""
        if not self._lost:
            return ""
        return f"{len(self._lost)} of its packets could not be decoded, the first at {float(self._lost[0]):.2f} s"

    def _decode(self, packet: Packet[Stream] | None) -> list[AudioFrame]:
        try:
            return self.source.decode(cast("Packet[AudioStream] | None", packet))
        except av.error.EOFError:
            return []
        except (av.error.FFmpegError, ValueError):
            self._lost.append(self._decoded_until)
            return []

    def _encode(self, frames: Iterable[AudioFrame]) -> Iterator[Packet[Stream]]:
        for frame in frames:
            if frame.pts is None:  # a decoder gives the last ones out without a time
                frame.time_base = Fraction(1, frame.sample_rate)
                frame.pts = round(self._decoded_until * frame.sample_rate)
            self._decoded_until = frame.pts * cast("Fraction", frame.time_base) + Fraction(
                frame.samples, frame.sample_rate
            )
            try:
                yield from self._encoded(frame)
            except (av.error.FFmpegError, ValueError):
                self._lost.append(self._decoded_until)

    def _encoded(self, frame: AudioFrame) -> Iterator[Packet[Stream]]:
        """Encode a frame in the format of the first: a broadcast may change from stereo to surround."""
        if self._resampler is None:
            self._resampler = AudioResampler(frame.format, self.target.layout, self.target.rate)
        try:
            alike = self._resampler.resample(frame)
        except ValueError:
            self._resampler = AudioResampler(self._resampler.format, self.target.layout, self.target.rate)
            alike = self._resampler.resample(frame)
        for ready in alike:
            yield from cast("list[Packet[Stream]]", self.target.encode(ready))


@dataclass(slots=True)
class OneRate:
    """Brings the uncompressed sound of a tape to the rate at which it begins: its recordings may differ in theirs."""

    source: AudioStream
    name: str = "PCM"
    _resamplers: dict[int, AudioResampler] = field(default_factory=dict)
    """Those for other rates."""

    def convert(self, packet: Packet[Stream]) -> Iterator[Packet[Stream]]:
        """The same sound at the rate of the stream."""
        size = _SAMPLE_BYTES * self.source.channels
        samples, seconds = packet.size // size, (packet.duration or 0) * packet.time_base
        rate = min(_DV_RATES, key=lambda one: abs(one * seconds - samples)) if seconds else self.source.rate
        if rate == self.source.rate:
            yield packet
            return
        frame = AudioFrame("s16", self.source.layout, samples)
        frame.sample_rate = rate
        frame.planes[0].update(bytes(packet)[: samples * size].ljust(frame.planes[0].buffer_size, b"\0"))
        if rate not in self._resamplers:
            self._resamplers[rate] = AudioResampler("s16", self.source.layout, self.source.rate)
        ready = self._resamplers[rate].resample(frame)
        even: Packet[Stream] = Packet(b"".join(one.to_ndarray().tobytes() for one in ready))
        even.pts, even.dts, even.duration, even.time_base = packet.pts, packet.dts, packet.duration, packet.time_base
        yield even

    def end(self) -> Iterator[Packet[Stream]]:
        """What a resampler holds back is less than a millisecond."""
        return iter(())

    def loss(self) -> str:
        """Other rates, which are lost."""
        others = ", ".join(map(str, sorted(self._resamplers)))
        return f"parts at {others} Hz became {self.source.rate} Hz, as the sound begins" if others else ""


@dataclass(slots=True)
class SubRip:
    """Converts QuickTime text to SubRip's, which has neither the length in front nor the styles behind it."""

    name: str = "SUBRIP"

    def convert(self, packet: Packet[Stream]) -> Iterator[Packet[Stream]]:
        """The packet with its text alone; an empty one only ends the text before it."""
        content = bytes(packet)
        text = content[_TEXT_LENGTH : _TEXT_LENGTH + int.from_bytes(content[:_TEXT_LENGTH], "big")]
        if text:
            plain: Packet[Stream] = Packet(text)
            plain.pts, plain.dts, plain.duration = packet.pts, packet.dts, packet.duration
            plain.time_base = packet.time_base
            yield plain

    def end(self) -> Iterator[Packet[Stream]]:
        """Nothing is held back."""
        return iter(())

    def loss(self) -> str:
        """Styles are not carried over."""
        return ""


def _add_sound(container: OutputContainer, codec: str, like: AudioStream) -> AudioStream:
    return cast("AudioStream", container.add_stream(codec, rate=like.rate, layout=like.layout))
