"""Tests of films that are damaged, cut off or joined badly, and of the captions that hide in their pictures."""

from __future__ import annotations

import random
import re
import shlex
import shutil
import struct
import subprocess
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest
from av.sidedata.sidedata import Type as SideData

from colorizer.errors import MediaError, TintdError
from colorizer.film.decode.probe import probe_film
from tests.formats.films import SAMPLES, SOUND, Sample
from tests.formats.test_films import colour, make, probe

pytestmark = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="samples are made by ffmpeg, which is missing")

NOISY = "-f lavfi -i testsrc2=s=96x64:r=10:d={seconds},hue=s=0,noise=alls=20:allf=t"


def ffmpeg(arguments: str, path: Path) -> Path:
    """A film that ffmpeg makes."""
    command = ["ffmpeg", "-v", "error", "-y", *shlex.split(arguments), str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path


def noisy(path: Path, arguments: str, seconds: int = 4) -> Path:
    """Some seconds of noise and sound, whose bytes lie evenly in the file."""
    return ffmpeg(f"{NOISY} {SOUND} {arguments}".format(seconds=seconds), path)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("film.mkv", "-c:v libx264 -preset ultrafast -c:a aac"),
        ("late.mkv", "-c:v libx264 -preset ultrafast -c:a aac -output_ts_offset 30"),
        ("film.mp4", "-c:v libx264 -preset ultrafast -c:a aac -movflags +faststart"),
        (
            "fragmented.mp4",
            "-c:v libx264 -preset ultrafast -g 5 -c:a aac -movflags +frag_keyframe+empty_moov+default_base_moof",
        ),
        ("film.avi", "-c:v mpeg4 -b:v 1M -c:a libmp3lame"),
    ],
)
def test_a_film_that_breaks_off_plays_up_to_there(tmp_path: Path, weights: Path, name: str, arguments: str) -> None:
    """What is there is coloured, with its sound, and the report tells where it breaks off."""
    source = noisy(tmp_path / name, arguments)
    source.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    report, result = colour(source, tmp_path, weights)
    assert any("breaks off at" in note for note in report.notes), report.notes
    assert 8 < report.frames == len(probe(result).times) < 36


def test_the_last_moment_of_an_mp4_is_missed(tmp_path: Path, weights: Path) -> None:
    """Half a second that is cut off is told too: the file's last box says how long it should be."""
    source = noisy(tmp_path / "film.mp4", "-c:v libx264 -preset ultrafast -g 5 -c:a aac -movflags +faststart")
    whole = source.read_bytes()
    source.write_bytes(whole[: len(whole) * 9 // 10])
    notes = colour(source, tmp_path, weights)[0].notes
    assert any("the file ends early" in note for note in notes), notes
    source.write_bytes(whole)
    assert colour(source, tmp_path, weights)[0].notes == ()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("film.mkv", "-c:v libx264 -preset ultrafast -c:a aac"), ("film.wmv", "-c:v wmv2 -b:v 1M -c:a wmav2")],
)
def test_a_film_that_begins_late_is_whole(tmp_path: Path, weights: Path, name: str, arguments: str) -> None:
    """Where timestamps begin at half a minute, its length, and the number of its frames, count from there."""
    source = noisy(tmp_path / name, f"{arguments} -output_ts_offset 30")
    assert probe_film(source, 1).expected == pytest.approx(40, abs=1)
    assert colour(source, tmp_path, weights)[0].notes == ()


@pytest.mark.parametrize("box", [b"stsd", b"stts"])
def test_a_damaged_index_is_no_end(tmp_path: Path, weights: Path, box: bytes) -> None:
    """A whole file whose index cannot be read has failed: it is neither growing nor none of ours."""
    source = noisy(tmp_path / "film.mp4", "-c:v libx264 -preset ultrafast -movflags +faststart", seconds=1)
    content = bytearray(source.read_bytes())
    place = content.index(box)
    end = place - 4 + int.from_bytes(content[place - 4 : place])
    content[place + 4 : end] = b"\xff" * (end - place - 4)
    source.write_bytes(content)
    with pytest.raises(MediaError, match=r"film\.mp4: .* damaged") as refused:
        colour(source, tmp_path, weights)
    assert type(refused.value) is MediaError


@pytest.mark.parametrize("encoder", ["h264", "ffv1"])
def test_a_title_in_an_old_encoding_is_kept(tmp_path: Path, weights: Path, encoder: str) -> None:
    """Before Unicode a title could be any bytes: they stay what they are."""
    source = noisy(tmp_path / "film.avi", "-c:v mpeg4 -c:a libmp3lame -metadata title=BADEORT", seconds=1)
    source.write_bytes(source.read_bytes().replace(b"BADEORT", b"B\xc4DER\xd6T"))
    _, result = colour(source, tmp_path, weights, encoder=encoder)
    assert b"B\xc4DER\xd6T" in result.read_bytes()


def test_a_gap_is_told_and_sound_stays_in_step(tmp_path: Path, weights: Path) -> None:
    """Noise in the middle of a broadcast costs frames; the others, and the sound, keep their times."""
    source = noisy(tmp_path / "film.ts", "-c:v mpeg2video -b:v 1M -g 5 -c:a ac3")
    content = bytearray(source.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 20_000] = random.Random(1).randbytes(20_000)
    whole = set(probe(source).times)
    source.write_bytes(content)
    report, result = colour(source, tmp_path, weights)
    assert any(re.search(r"damaged or missing: \d", note) for note in report.notes), report.notes
    kept = probe(result).times
    assert 25 < len(kept) <= 40
    assert len(set(kept) & whole) > 25


def test_a_hole_in_a_broadcast_is_told_to_the_frame(tmp_path: Path, weights: Path) -> None:
    """Whole groups of pictures that are gone: the report names the time between the frames around them."""
    source = noisy(tmp_path / "film.ts", "-c:v mpeg2video -b:v 1M -g 5 -bf 0 -an")
    with av.open(str(source)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    keys = [packet for packet in packets if packet.is_keyframe]
    content = source.read_bytes()
    source.write_bytes(content[: keys[3].pos] + content[keys[5].pos :])
    first = min(packet.pts for packet in packets) * packets[0].time_base
    begin, end = (float(key.pts * key.time_base - first) for key in (keys[3], keys[5]))
    assert f"frames are missing: {begin:.2f} to {end:.2f} s" in colour(source, tmp_path, weights)[0].notes


def test_a_clock_that_starts_anew_goes_on(tmp_path: Path, weights: Path) -> None:
    """Two broadcasts in one file follow each other, in picture and sound; the report tells the joint, no more."""
    first = noisy(tmp_path / "first.ts", "-c:v mpeg2video -b:v 1M -c:a ac3 -output_ts_offset 100", seconds=2)
    second = noisy(tmp_path / "second.ts", "-c:v mpeg2video -b:v 1M -c:a ac3", seconds=2)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(first.read_bytes() + second.read_bytes())
    report, result = colour(joined, tmp_path, weights)
    times = probe(result).times
    steps = [float(after - before) for before, after in pairwise(times)]
    assert len(times) >= 38
    assert max(steps) < 0.15
    assert min(steps) > 0.05
    for note in report.notes:
        if spans := re.fullmatch(r"frames are .*missing: ([\d.]+) to ([\d.]+) s", note):
            begin, end = map(float, spans.groups())
            assert 1.7 < begin < end < 2.3, note
    assert len(times) < 40 or times[-1] - times[0] == Fraction(39, 10)
    with av.open(str(result)) as container:
        heard = [float(packet.pts * packet.time_base) for packet in container.demux(audio=0) if packet.size]
    assert heard[-1] - heard[0] < 4.1


def test_sound_that_does_not_fit_is_converted_and_said(tmp_path: Path, weights: Path) -> None:
    """Nellymoser's becomes FLAC, of the same length; the report names it."""
    source = noisy(tmp_path / "film.flv", "-c:v flv1 -b:v 200k -c:a nellymoser -ar 22050 -ac 1")
    report, result = colour(source, tmp_path, weights)
    assert any("became FLAC" in note for note in report.notes), report.notes
    lengths = []
    for path in (source, result):
        with av.open(str(path)) as container:
            lengths.append(sum(frame.samples for frame in container.decode(audio=0)))
    assert lengths[0] == lengths[1] > 4 * 22050


def test_sound_that_cannot_be_decoded_does_not_fail_the_film(tmp_path: Path, weights: Path) -> None:
    """What becomes FLAC leaves out what is damaged, and its length stays."""
    source = noisy(tmp_path / "film.flv", "-c:v flv1 -b:v 200k -c:a nellymoser -ar 22050 -ac 1")
    content = bytearray(source.read_bytes())
    chosen = random.Random(3)
    with av.open(str(source)) as container:
        places = [(packet.pos, packet.size) for packet in container.demux(audio=0) if packet.size and packet.pos]
    for place, size in places[2:-2]:
        content[place + 12 : place + size] = chosen.randbytes(max(0, size - 12))
    source.write_bytes(content)
    report, _ = colour(source, tmp_path, weights)
    assert report.frames > 0


def test_another_size_in_the_middle_is_scaled_and_told(tmp_path: Path, weights: Path) -> None:
    """A broadcaster's change from one size to another does not end the film."""
    small = noisy(tmp_path / "small.ts", "-c:v mpeg2video -b:v 1M -c:a ac3 -vf scale=64:64", seconds=1)
    large = noisy(tmp_path / "large.ts", "-c:v mpeg2video -b:v 1M -c:a ac3", seconds=1)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(large.read_bytes() + small.read_bytes())
    report, result = colour(joined, tmp_path, weights)
    assert any("64 x 64 was scaled to the 96 x 64" in note for note in report.notes), report.notes
    assert len(probe(result).times) == report.frames >= 18


def test_times_that_no_container_holds_are_told(tmp_path: Path, weights: Path) -> None:
    """A damaged header says that each frame lasts two days: no QuickTime file can say so."""
    source = noisy(tmp_path / "film.avi", "-c:v mjpeg -vf setsar=64/45", seconds=1)
    content = bytearray(source.read_bytes())
    place = content.index(b"strh") + 8 + 20  # scale and rate, after four words and two halves
    content[place : place + 8] = struct.pack("<II", 4456449, 25)
    source.write_bytes(content)
    with pytest.raises(MediaError, match=r"film\.avi: mov cannot hold its timestamps"):
        colour(source, tmp_path, weights, encoder="prores")


def test_samples_like_threads_are_taken_for_damage(tmp_path: Path, weights: Path) -> None:
    """A header whose samples are 32,767 times as wide as high; its film is coloured as if it did not say this."""
    source = noisy(tmp_path / "film.mp4", "-c:v libx264 -vf setsar=32767/1", seconds=1)
    report, result = colour(source, tmp_path, weights)
    assert report.frames == 10
    assert probe(result).picture.get("sample_aspect_ratio", "1:1") == "1:1"


def test_closed_captions_stay_in_the_picture(tmp_path: Path, weights: Path) -> None:
    """A53 captions of every frame are those of the original."""
    source = titled(tmp_path)
    _, result = colour(source, tmp_path, weights)
    before, after = captions(source), captions(result)
    assert len(before) == 10
    assert after == before


@pytest.mark.parametrize(("encoder", "name"), [("prores", "ProRes"), ("ffv1", "FFV1"), ("av1", "AV1")])
def test_closed_captions_that_are_lost_are_named(tmp_path: Path, weights: Path, encoder: str, name: str) -> None:
    """Codecs without a place for them."""
    report, _ = colour(titled(tmp_path), tmp_path, weights, encoder=encoder)
    assert any(f"closed captions left out: {name}" in note for note in report.notes), report.notes


def titled(folder: Path) -> Path:
    """A film of ten frames with closed captions."""
    plain = ffmpeg(f"{NOISY} -c:v mpeg2video -b:v 1M -bf 2".format(seconds=1), folder / "plain.m2v")
    caption = b"\x00\x00\x01\xb2GA94\x03\x41\xff\xfc\x94\x20\xff"
    source = folder / "titled.m2v"
    source.write_bytes(plain.read_bytes().replace(b"\x00\x00\x01\x01", caption + b"\x00\x00\x01\x01"))
    return source


@pytest.mark.parametrize(("encoder", "suffix"), [("ffv1", "mkv"), ("prores", "mov"), ("av1", "mp4"), ("hevc", "mkv")])
def test_the_shape_of_samples_is_kept(tmp_path: Path, weights: Path, encoder: str, suffix: str) -> None:
    """By whatever codec, where the container or the codec holds it."""
    source = ffmpeg(f"{NOISY} -vf setsar=64/45 -c:v libx264".format(seconds=1), tmp_path / f"film.{suffix}")
    report, result = colour(source, tmp_path, weights, encoder=encoder)
    assert not any("shape" in note for note in report.notes)
    shown = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "frame=sample_aspect_ratio", "-of", "csv=p=0", str(result)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert {line.rstrip(",") for line in shown.stdout.split()} == {"64:45"}


@pytest.mark.parametrize("encoder", ["prores", "av1"])
def test_a_shape_is_kept_by_the_container(tmp_path: Path, weights: Path, encoder: str) -> None:
    """These codecs have no place for it in Matroska, whose header has."""
    source = ffmpeg(f"{NOISY} -vf setsar=64/45 -c:v libx264".format(seconds=1), tmp_path / "film.mkv")
    report, result = colour(source, tmp_path, weights, encoder=encoder)
    assert not any("shape of the samples" in note for note in report.notes), report.notes
    assert probe(result).picture["sample_aspect_ratio"] in {"64:45", "137:96"}  # in whole pixels: 96 became 137


def test_transparency_that_is_lost_is_named(tmp_path: Path, weights: Path) -> None:
    """That of WebM, which lies beside the picture; the result does not say that it has any."""
    coding = "-vf format=yuva420p -c:v libvpx -threads 1 -pix_fmt yuva420p -auto-alt-ref 0"
    source = ffmpeg(f"{NOISY} {coding}".format(seconds=1), tmp_path / "film.webm")
    report, result = colour(source, tmp_path, weights, encoder="ffv1")
    assert any("transparency left out" in note for note in report.notes), report.notes
    assert "alpha_mode" not in {tag.lower() for tag in probe(result).picture.get("tags", {})}


def captions(path: Path) -> list[bytes]:
    """The closed captions of each frame that has some."""
    with av.open(str(path)) as container:
        sides = [frame.side_data for frame in container.decode(video=0)]
        return [bytes(side[SideData.A53_CC]) for side in sides if SideData.A53_CC in side]


@pytest.mark.slow
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_damage_of_any_kind_is_survived(sample: Sample, samples: Path, tmp_path: Path, weights: Path) -> None:
    """Bits flipped, cut off, spliced: a result that plays, or a reason that names the file."""
    whole = make(sample, samples).read_bytes()
    for seed in range(6):
        source = tmp_path / f"{seed}-{sample.name}"
        source.write_bytes(damaged(whole, seed))
        try:
            report, result = colour(source, tmp_path, weights)
        except TintdError as error:
            assert source.name in str(error)  # noqa: PT017 (either is right)
        else:
            # ffprobe opens every stream, also sound whose damaged header was copied as it is
            with av.open(str(result), metadata_errors="surrogateescape") as container:
                assert sum(1 for _ in container.decode(video=0)) == report.frames


def damaged(content: bytes, seed: int) -> bytes:
    """A file's bytes: with bits flipped, cut off, or spliced from parts."""
    chosen = random.Random(seed)
    place = chosen.randrange(len(content) // 10, len(content))
    if seed % 3 == 0:
        flipped = bytearray(content)
        for _ in range(max(3, len(content) // 3000)):
            flipped[chosen.randrange(len(content))] ^= 1 << chosen.randrange(8)
        return bytes(flipped)
    if seed % 3 == 1:
        return content[:place]
    return content[:place] + content[chosen.randrange(len(content)) :]
