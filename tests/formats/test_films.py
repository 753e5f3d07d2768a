"""Tests of the films in docs/formats.md: ffmpeg makes a sample of each, ffprobe compares before and after."""

from __future__ import annotations

import hashlib
import json
import shlex
import shutil
import struct
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from colorizer.engine import colorize
from colorizer.errors import UnsupportedError
from colorizer.job import Job
from colorizer.report import Report
from colorizer.settings import ColourSettings, DetectionSettings, FilmSettings, JobSettings
from tests.formats.films import EXTRAS, SAMPLES, SOUND, Sample

pytestmark = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="samples are made by ffmpeg, which is missing")

_CODECS = {"H.264": "h264", "HEVC": "hevc", "FFV1": "ffv1"}
_OWN_TAGS = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration", "company_name"}
_OWN_TAGS |= {"product_name", "product_version", "application_platform", "uid", "generation_uid", "handler_name"}
_OWN_TAGS |= {"vendor_id", "material_package_umid", "file_package_umid", "operational_pattern_ul", "creation_time"}
_OWN_TAGS |= {"file_package_name", "rotate", "track_name", "data_type"}
"""Metadata that describes the file, not the film."""


@dataclass(frozen=True)
class Probe:
    """What ffprobe says of a film."""

    streams: list[dict[str, Any]]
    format: dict[str, Any]
    chapters: list[dict[str, Any]]
    times: list[Fraction]
    """Of the frames of the main picture, in seconds."""

    @property
    def picture(self) -> dict[str, Any]:
        """The main picture's stream."""
        return main_picture(self.streams)


def main_picture(streams: list[dict[str, Any]]) -> dict[str, Any]:
    """The first stream of pictures that is no cover."""
    return next(one for one in streams if one["codec_type"] == "video" and not one["disposition"]["attached_pic"])


def probe(path: Path) -> Probe:
    """Ask ffprobe."""
    said = _ask("ffprobe", "-show_streams", "-show_format", "-show_chapters", "-of", "json", path)
    picture = main_picture(said["streams"])
    asked = ("ffprobe", "-select_streams", str(picture["index"]), "-of", "json", "-show_entries")
    frames = _ask(*asked, "frame=pts,best_effort_timestamp", path)["frames"]
    frames = frames or _ask(*asked, "packet=pts", path)["packets"]  # of a codec that it is too old to decode
    tick = Fraction(picture["time_base"])
    times = _complete([frame.get("pts", frame.get("best_effort_timestamp")) for frame in frames])
    return Probe(said["streams"], said["format"], said["chapters"], [time * tick for time in times])


def _complete(times: list[int | None]) -> list[int]:
    """Timestamps; the last frames, which ffprobe takes from the decoder after the last packet, may have none."""
    complete: list[int] = []
    for time in times:
        complete.append(2 * complete[-1] - complete[-2] if time is None else time)
    return complete


def luma(path: Path) -> list[str]:
    """A checksum of the luma plane of each frame, as ffmpeg decodes it."""
    command = ["ffmpeg", "-v", "error", "-noautorotate", "-i", path, "-map", "0:v:0", "-vf", "extractplanes=y"]
    said = subprocess.run([*command, "-vsync", "0", "-f", "framemd5", "-"], capture_output=True, text=True, check=True)
    return [line.rpartition(" ")[2] for line in said.stdout.splitlines() if not line.startswith("#")]


def luma_of_libav(path: Path) -> list[str]:
    """The same, as our own libav decodes it."""
    with av.open(str(path)) as container:
        return [_checksum(frame) for frame in container.decode(video=0)]


def _checksum(frame: VideoFrame) -> str:
    samples = np.from_dlpack(frame.planes[0])
    return hashlib.md5(np.ascontiguousarray(samples), usedforsecurity=False).hexdigest()


def make(sample: Sample, folder: Path) -> Path:
    """Let ffmpeg make a sample."""
    path = folder / sample.name
    if not path.exists():
        arguments = sample.arguments
        for other in SAMPLES:
            if f"{{{other.name}}}" in arguments:
                arguments = arguments.replace(f"{{{other.name}}}", str(make(other, folder)))
        for name in EXTRAS:
            arguments = arguments.replace(f"{{{name}}}", str(folder / name))
        made = _run("ffmpeg", "-bitexact", *shlex.split(arguments), path)
        if made.returncode:
            pytest.skip(f"this ffmpeg cannot make it: {made.stderr.splitlines()[-1]}")
        if sample.matrix:
            place_matrix(path, sample.matrix)
    return path


def place_matrix(path: Path, matrix: tuple[int, ...]) -> None:
    """Write a display matrix into the first track's header of an MP4 (ISO/IEC 14496-12, 8.3.2)."""
    content = bytearray(path.read_bytes())
    place = content.index(b"tkhd") + 4 + 40
    content[place : place + 36] = struct.pack(">9i", *matrix)
    path.write_bytes(content)


def colour(source: Path, folder: Path, weights: Path, **film: Any) -> tuple[Report, Path]:  # noqa: ANN401
    """Colour a film without loss of luma; the report, and the result under its own name."""
    settings = JobSettings(
        colour=ColourSettings(weights=weights, device="cpu"),
        film=FilmSettings.model_validate({"speed": "ultrafast", "quality": 0} | film),
        detection=DetectionSettings(input="grey"),  # some samples are in colour
    )
    report = colorize(Job(source, folder / "result", folder / "workspace", settings), lambda _done, _all: None)
    return report, (folder / "result").rename(folder / f"result{report.suffix}")


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_film_gets_its_colour_and_keeps_the_rest(
    sample: Sample, samples: Path, tmp_path: Path, weights: Path
) -> None:
    """Every frame with its time, its luma, size, shape, streams, tags and chapters; what is not kept is reported."""
    source = make(sample, samples)
    report, result = colour(source, tmp_path, weights)
    before, after = probe(source), probe(result)
    assert (after.picture["codec_name"], report.suffix) == (_CODECS[sample.codec], f".{sample.container.lower()}")
    assert_same_times(before, after)
    assert shape(after.picture) == shape(before.picture)
    assert turned(after.picture) == turned(before.picture)
    assert_same_colour_tags(before.picture, after.picture)
    assert_same_companions(sample, before, after)
    assert_same_words(sample, before, after)
    if sample.luma:
        seen = luma if sample.readable else luma_of_libav
        assert seen(result) == seen(source)


def shape(picture: dict[str, Any]) -> tuple[int, int, str]:
    """Width, height and the shape of a sample, which is square where nothing is said of it."""
    said = picture.get("sample_aspect_ratio", "0:1")
    return picture["width"], picture["height"], "1:1" if said == "0:1" else said


def turned(picture: dict[str, Any]) -> list[dict[str, Any]]:
    """How the picture is turned; other side data, such as buffer sizes, are the codec's own."""
    return [said for said in picture.get("side_data_list", ()) if said["side_data_type"] == "Display Matrix"]


def assert_same_times(before: Probe, after: Probe) -> None:
    """Each frame is shown when the original showed it, to the coarser of the two containers' ticks."""
    assert len(after.times) == len(before.times)
    tick = max(Fraction(before.picture["time_base"]), Fraction(after.picture["time_base"]))
    late = [abs(ours - theirs) for ours, theirs in zip(after.times, before.times, strict=True)]
    assert max(late) <= min(tick, Fraction(1, 1000)), [float(time) for time in late]


def assert_same_colour_tags(before: dict[str, Any], after: dict[str, Any]) -> None:
    """What is tagged stays so."""
    for name in ("color_range", "color_space", "color_transfer", "color_primaries"):
        if before.get(name, "unknown") not in {"unknown", "gbr"}:
            assert after.get(name) == before[name], name


def assert_same_companions(sample: Sample, before: Probe, after: Probe) -> None:
    """The other streams are there, of the same codec, language and disposition, beginning at the same time."""
    became = dict(sample.became)
    expected, found = (
        sorted(_said(stream, side, became) for stream in side.streams if not _is_made_anew(stream, side))
        for side in (before, after)
    )
    assert found == expected
    for ours, theirs in zip(_companions(after), _companions(before), strict=True):
        if theirs["codec_name"] in became:
            continue
        assert abs(float(ours.get("start_time", 0)) - float(theirs.get("start_time", 0))) < 0.002, ours["codec_name"]


def assert_same_words(sample: Sample, before: Probe, after: Probe) -> None:
    """Tags and chapters say what they said."""
    told = {name.lower(): value for name, value in after.format.get("tags", {}).items()}
    told |= {name.lower(): value for name, value in after.picture.get("tags", {}).items()}
    for name, value in before.format.get("tags", {}).items():
        if name.lower() not in _OWN_TAGS and name not in sample.lost:
            assert str(told.get(name.lower())).startswith(value), name
    assert "tintd" in told["comment"]
    assert [_chapter(one) for one in after.chapters] == [_chapter(one) for one in before.chapters]


def _chapter(said: dict[str, Any]) -> tuple[float, float, str]:
    return float(said["start_time"]), float(said["end_time"]), said["tags"]["title"]


def _said(stream: dict[str, Any], side: Probe, became: dict[str, str]) -> tuple[str, str, str, int, int]:
    """Kind, codec, language, whether it is played by default (where that is said), whether it is a cover."""
    codec = "picture" if stream is side.picture else stream.get("codec_name", "none")
    language = stream.get("tags", {}).get("language", "und")
    flags = stream["disposition"]
    told = any(other["disposition"]["default"] for other in side.streams) and language != "und"
    return stream["codec_type"], became.get(codec, codec), language, told and flags["default"], flags["attached_pic"]


def _is_made_anew(stream: dict[str, Any], side: Probe) -> bool:
    """A track of timecode or chapters."""
    return stream["codec_type"] == "data" and ("timecode" in stream.get("tags", {}) or bool(side.chapters))


def _companions(side: Probe) -> list[dict[str, Any]]:
    return [stream for stream in side.streams if stream["codec_type"] in {"audio", "subtitle"}]


def _run(*command: object) -> subprocess.CompletedProcess[str]:
    quiet = [str(part) for part in (command[0], "-v", "error", *command[1:])]
    return subprocess.run(quiet, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)


def _ask(*command: object) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(_run(*command).stdout)
    return answer


def test_sound_alone_is_refused(samples: Path, tmp_path: Path, weights: Path) -> None:
    """There is no picture to colour."""
    source = samples / "sound.mka"
    _run("ffmpeg", *shlex.split(SOUND.format(seconds="0.2")), source)
    with pytest.raises(UnsupportedError, match="no moving picture"):
        colour(source, tmp_path, weights)


@pytest.mark.parametrize("name", ["0001.dpx", "VTS_01_0.IFO", "VTS_01_0.BUP"])
def test_parts_of_a_film_are_refused_by_name(tmp_path: Path, weights: Path, name: str) -> None:
    """Frames of a sequence, and the indexes of a DVD, are no films of their own."""
    source = tmp_path / name
    if source.suffix == ".dpx":
        _run("ffmpeg", *shlex.split(SAMPLES[0].arguments.split(" -f lavfi -i sine")[0]), "-frames:v", "1", source)
    else:
        source.write_bytes(b"DVDVIDEO-VTS".ljust(4096, b"\0"))
    with pytest.raises(UnsupportedError, match=r"a DPX frame|the index of a DVD"):
        colour(source, tmp_path, weights)
