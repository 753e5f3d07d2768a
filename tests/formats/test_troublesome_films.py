"""Films of kinds that troubled other programs: what they say of themselves is true of the result, or named."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Container
from pathlib import Path

import av
import pytest

from colorizer.errors import MediaError, UnsupportedError
from colorizer.film.decode.late_streams import find_streams
from colorizer.film.decode.mp4 import unread_elements
from colorizer.film.decode.probe import probe_film
from tests.formats.films import SOUND
from tests.formats.test_damage import ffmpeg
from tests.formats.test_films import colour

pytestmark = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="samples are made by ffmpeg, which is missing")

PICTURE = "-f lavfi -i testsrc2=s=96x64:r=10:d=1"
H264 = "-c:v libx264 -preset ultrafast"
KEY = "76a6c65c5ea762046bd749a2e632ccbb"


def test_an_encrypted_film_is_refused(tmp_path: Path, weights: Path) -> None:
    """Breaks: its noise was coloured, and the film called done."""
    encryption = f"-encryption_scheme cenc-aes-ctr -encryption_key {KEY} -encryption_kid {KEY}"
    source = ffmpeg(f"{PICTURE} {H264} {encryption}", tmp_path / "a.mp4")
    with pytest.raises(UnsupportedError, match="it is encrypted"):
        colour(source, tmp_path, weights)


def test_a_film_whose_sound_alone_is_encrypted_is_refused(tmp_path: Path) -> None:
    """Breaks: its noise was copied. The picture of the same film without encryption takes the place of its own."""
    film = f"{PICTURE} {SOUND.format(seconds=1)} -threads 1 {H264} -c:a aac"
    encryption = f"-encryption_scheme cenc-aes-ctr -encryption_key {KEY} -encryption_kid {KEY}"
    source, plain = ffmpeg(f"{film} {encryption}", tmp_path / "a.mp4"), ffmpeg(film, tmp_path / "plain.mp4")
    content = bytearray(source.read_bytes())
    with av.open(str(source)) as encrypted, av.open(str(plain)) as clear:
        for one, other in zip(encrypted.demux(video=0), clear.demux(video=0), strict=True):
            if one.size:
                content[one.pos : one.pos + one.size] = bytes(other)
    first = content.index(b"trak")
    for name, instead in {b"encv": b"avc1", b"sinf": b"free", b"senc": b"free", b"saiz": b"free"}.items():
        place = content.index(name, first)
        content[place : place + 4] = instead
    source.write_bytes(content)
    with pytest.raises(UnsupportedError, match="it is encrypted"):
        probe_film(source, 1)  # before hours of colouring


def test_hint_tracks_are_named(tmp_path: Path, weights: Path) -> None:
    """They say how the packets of the original are sent, and are no data that a container cannot hold."""
    source = ffmpeg(f"{PICTURE} {SOUND.format(seconds=1)} {H264} -c:a aac -movflags rtphint", tmp_path / "a.mp4")
    notes = colour(source, tmp_path, weights)[0].notes
    assert [note.partition(" left out: ")[2] for note in notes] == [
        "it says how to send the original over a network (RTP hints)"
    ] * 2


def test_transparency_that_is_kept_is_not_called_lost(tmp_path: Path, weights: Path) -> None:
    """Matroska's tag about it is true of VP9 alone, whose decoder does not see it."""
    source = ffmpeg(f"{PICTURE} -c:v ffv1 -pix_fmt yuva420p", tmp_path / "a.mkv")
    assert not any("transparency" in note for note in colour(source, tmp_path, weights)[0].notes)


@pytest.mark.parametrize(("width", "told"), [(96, False), (80, True)])
def test_a_clean_aperture_is_named_if_it_is_a_crop(tmp_path: Path, weights: Path, width: int, *, told: bool) -> None:
    """QuickTime writes one for uncompressed pictures, also where it is the whole picture."""
    source = ffmpeg(f"{PICTURE} -c:v rawvideo -pix_fmt uyvy422", tmp_path / "a.mov")
    content = source.read_bytes()
    whole = b"clap" + struct.pack(">I", 96)
    assert whole in content
    source.write_bytes(content.replace(whole, b"clap" + struct.pack(">I", width)))
    assert ("crop (clean aperture) left out" in colour(source, tmp_path, weights)[0].notes) == told


DV = "-f lavfi -i testsrc2=s=720x576:r=25 -f lavfi -i sine=r={rate} -c:v dvvideo -pix_fmt yuv420p -t 0.4"
FRAME = 144_000
"""Bytes of a frame of DV for 625 lines."""


def tape(folder: Path, rate: int | None, frames: int) -> bytes:
    """Frames of a tape, with sound of some rate, or silent."""
    sound = "-an" if rate is None else f"-c:a pcm_s16le -ac 2 -ar {rate}"
    return ffmpeg(f"{DV.format(rate=rate or 48000)} {sound}", folder / "part.dv").read_bytes()[: frames * FRAME]


def test_the_sound_of_a_tape_may_begin_late(tmp_path: Path, weights: Path) -> None:
    """Breaks: libav looks for it in the first seconds alone, and it was left out. It is in step."""
    source = tmp_path / "film.dv"
    source.write_bytes(tape(tmp_path, None, 1) * 45 + tape(tmp_path, 48000, 4))
    report, result = colour(source, tmp_path, weights, interlaced="progressive")
    assert (report.frames, report.notes) == (49, ())
    with av.open(str(result)) as container:
        sound = [packet for packet in container.demux(audio=0) if packet.size]
        assert len(sound) == 4
        assert float(sound[0].pts * sound[0].time_base) == pytest.approx(45 / 25, abs=0.002)


def test_the_sound_of_a_tape_may_change_its_rate(tmp_path: Path, weights: Path) -> None:
    """Breaks: samples at 32 kHz were played at 48, with gaps between them."""
    source = tmp_path / "film.dv"
    source.write_bytes(tape(tmp_path, 48000, 3) + tape(tmp_path, 32000, 3))
    report, result = colour(source, tmp_path, weights, interlaced="progressive")
    (note,) = report.notes
    assert "parts at 32000 Hz became 48000 Hz" in note
    with av.open(str(result)) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
    assert samples == pytest.approx(6 / 25 * 48000, rel=0.02)


TS = 188
"""Bytes of a packet of a transport stream."""
BROADCAST = f"{PICTURE} {SOUND.format(seconds=1)} -c:v mpeg2video -b:v 500k -g 5 -c:a mp2"


def shown(path: Path) -> list[float]:
    """When players show the frames of a film, in seconds."""
    with av.open(str(path)) as container:
        return [frame.time for frame in container.decode(video=0) if frame.time is not None]


def test_a_broadcast_goes_on_behind_lost_blocks(tmp_path: Path, weights: Path) -> None:
    """Breaks: after 64 KiB without a packet, libav gave the rest of the film up, and nobody was told."""
    source = ffmpeg(BROADCAST, tmp_path / "film.ts")
    content = source.read_bytes()
    middle = len(content) // TS // 2 * TS
    source.write_bytes(content[:middle] + bytes(200_000) + content[middle:])
    assert len(shown(colour(source, tmp_path, weights)[1])) == 10


@pytest.mark.parametrize("sound", ["mp2", "aac"])  # in MKV, and in MP4
def test_a_picture_that_begins_below_zero_is_shown(tmp_path: Path, weights: Path, sound: str) -> None:
    """Breaks: where the clock of a broadcast wraps, libav counts below zero, and no player showed those frames."""
    wrap = "-output_ts_offset 95441.9"
    source = ffmpeg(f"{PICTURE} {SOUND.format(seconds=1)} -c:v mpeg2video -c:a {sound} {wrap}", tmp_path / "film.ts")
    times = shown(colour(source, tmp_path, weights)[1])
    assert len(times) == 10
    assert times[0] >= 0


def test_a_beginning_that_cannot_be_decoded_is_told(tmp_path: Path, weights: Path) -> None:
    """Breaks: pictures before the first whole one were left out in silence. The sound keeps its time."""
    source = ffmpeg(f"{PICTURE} {SOUND.format(seconds=1)} {H264} -g 5 -bf 0 -c:a pcm_s16le", tmp_path / "film.mkv")
    content = bytearray(source.read_bytes())
    with av.open(str(source)) as container:
        first = next(packet for packet in container.demux(video=0))
    place = content.index(bytes(first))
    content[place : place + first.size] = bytes(first.size)
    source.write_bytes(content)
    report, result = colour(source, tmp_path, weights)
    assert "frames are damaged or missing: 0.00 to 0.60 s" in report.notes
    assert shown(result)[0] == pytest.approx(0.5)


def test_an_end_that_cannot_be_decoded_is_told(tmp_path: Path, weights: Path) -> None:
    """Breaks: the report named one frame, where half of the film was lost."""
    source = ffmpeg(f"{PICTURE} -c:v libvpx -b:v 1M -g 100", tmp_path / "film.mkv")
    content = bytearray(source.read_bytes())
    with av.open(str(source)) as container:
        for packet in [packet for packet in container.demux(video=0) if packet.size][4:]:
            place = content.index(bytes(packet))
            content[place : place + packet.size] = b"\xff" * packet.size
    source.write_bytes(content)
    report, _ = colour(source, tmp_path, weights)
    assert any(note.endswith(" to 1.00 s") for note in report.notes), report.notes


def test_a_film_goes_on_behind_a_place_that_cannot_be_demuxed(tmp_path: Path, weights: Path) -> None:
    """Breaks: at a page of Ogg with a wrong checksum, picture and sound ended."""
    noise = PICTURE.replace("d=1", "d=2,noise=alls=40:allf=t")
    source = ffmpeg(f"{noise} {SOUND.format(seconds=2)} -c:v libtheora -q:v 9 -g 2 -c:a libvorbis", tmp_path / "a.ogv")
    content = source.read_bytes()
    middle = len(content) // 2
    source.write_bytes(content[:middle] + bytes(200_000) + content[middle:])
    assert shown(colour(source, tmp_path, weights)[1])[-1] == pytest.approx(1.9)


PICTURE_PID, SOUND_PID = 256, 257
"""Identifiers that ffmpeg gives to the streams of a broadcast."""


def scrambled(content: bytes, pids: Container[int], since: float = 0) -> bytes:
    """A broadcast whose packets of some streams are encrypted, from a part of it on."""
    written = bytearray(content)
    for place in range(int(len(content) * since) // TS * TS, len(content), TS):
        if (written[place + 1] & 0x1F) << 8 | written[place + 2] in pids:
            begin = place + 4 + (1 + written[place + 4] if written[place + 3] & 0x20 else 0)
            written[place + 3] |= 0x80
            written[begin : place + TS] = bytes(byte ^ 0x5A for byte in written[begin : place + TS])
    return bytes(written)


@pytest.mark.parametrize("since", [0, 0.5])
def test_an_encrypted_broadcast_is_refused(tmp_path: Path, since: float) -> None:
    """Breaks: nothing could be decoded, it was said, or the film ended where encryption began, and nobody was told."""
    source = ffmpeg(BROADCAST, tmp_path / "film.ts")
    source.write_bytes(scrambled(source.read_bytes(), {PICTURE_PID, SOUND_PID}, since))
    with pytest.raises(UnsupportedError, match="it is encrypted"):
        probe_film(source, 1, streams=find_streams(source, lambda _share: None))


def test_encrypted_sound_of_a_broadcast_is_named(tmp_path: Path, weights: Path) -> None:
    """A recording of several programmes often has encrypted ones: the others are coloured."""
    source = ffmpeg(BROADCAST, tmp_path / "film.ts")
    source.write_bytes(scrambled(source.read_bytes(), {SOUND_PID}))
    notes = colour(source, tmp_path, weights)[0].notes
    assert notes == ("the stream with the identifier (PID) 257 left out: it is encrypted",)


def test_a_second_picture_is_named(tmp_path: Path, weights: Path) -> None:
    """Another angle stays grey, which a person may not see at once."""
    source = ffmpeg(f"{PICTURE} -map 0:v -map 0:v {H264} -s:v:1 48x32", tmp_path / "film.mkv")
    notes = colour(source, tmp_path, weights)[0].notes
    assert notes == ("stream 1 (video, h264) stays as it is: one picture of a film is coloured",)


@pytest.mark.parametrize(("speed", "told"), [(2, True), (1, False)])
def test_the_speed_of_a_part_is_named(tmp_path: Path, weights: Path, speed: int, *, told: bool) -> None:
    """In libav, each part of an edit list has the usual speed."""
    source = ffmpeg(f"{PICTURE} {H264}", tmp_path / "film.mp4")
    content = bytearray(source.read_bytes())
    place = content.index(b"elst") + 20  # behind the version, the number, a duration and a time
    content[place : place + 2] = speed.to_bytes(2, "big")
    source.write_bytes(content)
    assert ("speed of a part (edit list) left out" in colour(source, tmp_path, weights)[0].notes) == told


@pytest.mark.parametrize(("tag", "told"), [(b"mebx", True), (b"gpmd", False)])
def test_data_that_no_muxer_describes_is_named(tmp_path: Path, weights: Path, tag: bytes, *, told: bool) -> None:
    """Breaks: the metadata of a telephone's camera became a track without a description, which players refuse."""
    source = ffmpeg(f"{PICTURE} {H264} -timecode 10:00:00:00", tmp_path / "film.mov")
    content = source.read_bytes().replace(b"mhlrtmcd", b"mhlrmeta")
    head, tail = content.rsplit(b"tmcd", 1)  # the description of the samples
    source.write_bytes(head + tag + tail)
    report, result = colour(source, tmp_path, weights)
    assert ("stream 1 (data, mebx) left out: mov cannot hold it" in report.notes) == told
    with av.open(str(result)) as container:
        assert [stream.type for stream in container.streams] == ["video", *([] if told else ["data"])]


@pytest.mark.parametrize(("name", "kind"), [("a.mxf", "MXF"), ("a.mkv", "Matroska"), ("a.wmv", "Windows Media")])
def test_a_film_that_libav_does_not_open_is_called_what_it_is(tmp_path: Path, name: str, kind: str) -> None:
    """Breaks: a recording that lost a block was said to be "neither a photograph nor a film"."""
    source = ffmpeg(f"{PICTURE} -r 25 -c:v mpeg2video", tmp_path / name)
    source.write_bytes(source.read_bytes()[:20] + b"\xff" * 3000)
    with pytest.raises(MediaError, match=rf"{name}: a film in {kind} whose header or index is damaged"):
        probe_film(source, 1)


def box(kind: bytes, content: bytes) -> bytes:
    """A box of an MP4."""
    return (8 + len(content)).to_bytes(4, "big") + kind + content


@pytest.mark.parametrize(("kinds", "told"), [([b"avc1", b"mp4v"], 1), ([b"avc1", b"avc1"], 0), ([b"avc1"], 0)])
def test_a_change_of_codec_is_named(tmp_path: Path, kinds: list[bytes], told: int) -> None:
    """The frames of one kind are decoded; those of the other were missing for a false reason."""
    descriptions = b"".join(box(kind, bytes(70)) for kind in kinds)
    table = box(b"stsd", bytes(4) + len(kinds).to_bytes(4, "big") + descriptions)
    film = tmp_path / "film.mp4"
    film.write_bytes(box(b"ftyp", b"isom") + box(b"moov", box(b"trak", table)))
    assert list(unread_elements(film, 96, 64)) == ["parts of a track whose codec changes (avc1, mp4v)"] * told
