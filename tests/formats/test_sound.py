"""Tests that sound is copied packet for packet, with all that says where it begins and ends."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.formats.test_damage import noisy
from tests.formats.test_films import colour

pytestmark = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="samples are made by ffmpeg, which is missing")

X264 = "-c:v libx264 -preset ultrafast"


@dataclass(frozen=True)
class Track:
    """The first sound of a film."""

    payloads: list[str]
    """A checksum of each packet."""
    skips: dict[int, bytes]
    """By the packet's number: how many samples players leave out at its beginning and end."""
    start: Fraction
    """Of the first packet, in seconds."""
    head: bytes | None
    """What the decoder is told first; in Opus also how many samples are priming."""


def track(path: Path) -> Track:
    """Read the sound of a film."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        sides = {number: [*packet.iter_sidedata()] for number, packet in enumerate(packets)}
        return Track(
            [hashlib.sha256(bytes(packet)).hexdigest() for packet in packets],
            {number: bytes(one) for number, side in sides.items() for one in side if one.data_type == "skip_samples"},
            packets[0].pts * packets[0].time_base,
            stream.codec_context.extradata,
        )


@pytest.mark.parametrize(
    ("name", "arguments", "suffix", "primed"),
    [
        ("aac.mp4", f"{X264} -c:a aac", ".mp4", True),
        ("aac.mov", f"{X264} -c:a aac", ".mov", True),
        ("opus.webm", "-c:v libvpx -threads 1 -deadline realtime -c:a libopus", ".mkv", True),
        ("opus.mkv", f"{X264} -c:a libopus", ".mkv", True),
        ("ac3.ts", "-c:v mpeg2video -c:a ac3", ".mp4", False),
        ("mp3.avi", "-c:v mpeg4 -c:a libmp3lame", ".mp4", False),
    ],
)
def test_every_packet_of_sound_is_copied(
    tmp_path: Path, weights: Path, name: str, arguments: str, suffix: str, *, primed: bool
) -> None:
    """Those before the beginning included; players leave out as many samples, and begin at the same time."""
    source = noisy(tmp_path / name, arguments, seconds=1)
    report, result = colour(source, tmp_path, weights)
    before, after = track(source), track(result)
    assert report.suffix == suffix
    assert len(after.payloads) > 20
    assert after.payloads == before.payloads
    assert after.skips == before.skips
    assert (0 in after.skips) is primed
    assert abs(after.start - before.start) <= Fraction(1, 1000)
    assert (after.start < 0) is primed
    if suffix in {source.suffix, ".mkv"}:  # AVI and MP4 tell the decoder other things
        assert after.head == before.head


@pytest.mark.parametrize("codec", ["adpcm_ms", "adpcm_ima_wav"])
def test_sound_whose_packets_a_container_cannot_write_is_decoded(tmp_path: Path, weights: Path, codec: str) -> None:
    """QuickTime's muxer takes the stream, and refuses each packet of it."""
    source = noisy(tmp_path / "film.avi", f"-c:v mjpeg -c:a {codec}", seconds=1)
    report, result = colour(source, tmp_path, weights, encoder="prores")
    sounds = []
    for path in (source, result):
        with av.open(str(path)) as container:
            sounds.append(b"".join(bytes(frame.to_ndarray()) for frame in container.decode(audio=0)))
    assert sounds[0] == sounds[1]
    assert f"stream 1 (audio, {codec}) became PCM_S16LE: mov cannot hold it as it is" in report.notes
