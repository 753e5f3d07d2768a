"""Tests of colorizer/film/pipeline.py, through the job that the worker does, on real files."""

import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from colorizer.engine import colorize
from colorizer.errors import MediaError, TruncatedError, UnsupportedError
from colorizer.film import colouring, segments
from colorizer.film.encode.segment import Segment
from colorizer.job import Excerpt, Job
from colorizer.report import Report
from colorizer.settings import ColourSettings, FilmSettings, JobSettings
from tests.assets.films import Film, write_film, write_sound

Colorize = Callable[..., tuple[Report, Path]]


@pytest.fixture
def colour(tmp_path: Path, weights: Path) -> Colorize:
    """Colours a film; returns the report and the result."""

    def do(source: Path, *, excerpt: Excerpt | None = None, compare: bool = False, **film: Any) -> tuple[Report, Path]:  # noqa: ANN401
        settings = JobSettings(
            colour=ColourSettings(weights=weights, device="cpu"),
            film=FilmSettings.model_validate({"speed": "ultrafast"} | film),
        )
        job = Job(source, tmp_path / "result", tmp_path / "workspace", settings, excerpt=excerpt, compare=compare)
        return colorize(job, lambda _done, _all: None), job.target

    return do


def times(path: Path) -> list[Fraction]:
    """When each frame of a film is shown, in seconds."""
    with av.open(str(path)) as container:
        return [frame.pts * frame.time_base for frame in container.decode(video=0)]


def planes(path: Path, index: int) -> list[NDArray[np.int64]]:
    """One plane of every frame, as integers."""
    with av.open(str(path)) as container:
        return [torch.from_dlpack(frame.planes[index]).to(torch.int64).numpy() for frame in container.decode(video=0)]


def packets(path: Path, track: int) -> list[bytes]:
    """The packets of a sound track."""
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=track) if packet.size]


def has_colour(path: Path) -> bool:
    """Whether some chroma says more than grey."""
    grey = 128 if planes(path, 0)[0].max() < 256 else 512
    return any(np.abs(plane - grey).max() > 2 for plane in planes(path, 1) + planes(path, 2))


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_a_film_stays_what_it_is(tmp_path: Path, colour: Colorize, suffix: str) -> None:
    """MP4, MOV and MKV keep container, size, frames and their times, and get colour."""
    source = write_film(tmp_path / f"film{suffix}")
    report, result = colour(source)
    assert (report.suffix, report.frames, report.width, report.height) == (suffix, 20, 96, 64)
    assert times(result) == times(source)
    assert has_colour(result)


@pytest.mark.parametrize(
    ("pixels", "codec"), [("gray", "ffv1"), ("yuv420p", "ffv1"), ("gray10le", "ffv1"), ("gray16le", "ffv1")]
)
def test_the_luma_of_an_archive_copy_is_the_originals(
    tmp_path: Path, colour: Colorize, pixels: str, codec: str
) -> None:
    """Lossless in, lossless out: every luma sample is the input's, bit for bit, at any depth."""
    source = write_film(tmp_path / "film.mkv", Film(pixels=pixels, codec=codec, frames=5))
    _, result = colour(source, encoder="ffv1")
    for ours, theirs in zip(planes(result, 0), planes(source, 0), strict=True):
        assert np.array_equal(ours, theirs)
    assert has_colour(result)


def test_the_luma_that_reaches_the_encoder_is_the_originals(tmp_path: Path, colour: Colorize) -> None:
    """With H.264 at its lossless quality, the luma plane of the result equals the input's bit for bit."""
    source = write_film(tmp_path / "film.mp4", Film(frames=5, options={"crf": "0"}))
    _, result = colour(source, quality=0)
    for ours, theirs in zip(planes(result, 0), planes(source, 0), strict=True):
        assert np.array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("film", "codec", "pixels"),
    [
        (Film(), "h264", "yuv420p"),
        (Film(codec="libx265", pixels="yuv420p10le", options={"x265-params": "log-level=none"}), "hevc", "yuv420p10le"),
        (Film(codec="ffv1", pixels="yuv420p12le"), "ffv1", "yuv420p12le"),
        (Film(codec="mpeg4"), "h264", "yuv420p"),
        (Film(codec="mjpeg", pixels="yuvj422p"), "h264", "yuv420p"),
        (Film(codec="png", pixels="rgb24"), "ffv1", "yuv444p"),
        (Film(codec="rawvideo", pixels="yuyv422"), "ffv1", "yuv422p"),
        (Film(codec="libx264", pixels="yuv444p", width=33, height=31), "h264", "yuv444p"),
        (Film(codec="libx264", pixels="yuv420p10le", width=34, height=32), "h264", "yuv420p10le"),
        (Film(codec="ffv1", pixels="gray", width=1, height=1), "h264", "yuv444p"),
        (Film(frames=1), "h264", "yuv420p"),
    ],
)
def test_depth_and_size_choose_the_encoder(
    tmp_path: Path, colour: Colorize, film: Film, codec: str, pixels: str
) -> None:
    """8 bits become H.264, 10 HEVC, more and lossless FFV1; tiny and odd pictures what can hold them."""
    name = "film.mov" if film.codec == "png" else "film.mkv"
    source = write_film(tmp_path / name, replace(film, frames=min(film.frames, 6)))
    report, result = colour(source)
    with av.open(str(result)) as container:
        context = container.streams.video[0].codec_context
        assert (context.codec.canonical_name, str(context.pix_fmt).replace("yuvj", "yuv")) == (codec, pixels)
    assert (report.width, report.height) == (film.width, film.height)
    assert times(result) == times(source)


def test_full_range_stays_full(tmp_path: Path, colour: Colorize) -> None:
    """Black at 0 and white at 255 keep their samples, and the result says so."""
    film = Film(frames=3, options={"crf": "0"}, settings={"color_range": 2})
    source = write_film(tmp_path / "film.mp4", film)
    _, result = colour(source, quality=0)
    with av.open(str(result)) as container:
        assert next(container.decode(video=0)).color_range == 2
    for ours, theirs in zip(planes(result, 0), planes(source, 0), strict=True):
        assert np.array_equal(ours, theirs)


@pytest.mark.parametrize(("height", "matrix"), [(64, 6), (576, 5), (720, 1)])
def test_untagged_colour_is_tagged(tmp_path: Path, colour: Colorize, height: int, matrix: int) -> None:
    """Below 720 lines BT.601, from there BT.709; the result says which."""
    source = write_film(tmp_path / "film.mp4", Film(frames=2, height=min(height, 480), width=64))
    if height > 480:
        source = write_film(tmp_path / "film.mp4", Film(frames=2, height=64, width=64))
        source = enlarged(source, height)
    _, result = colour(source)
    with av.open(str(result)) as container:
        frame = next(container.decode(video=0))
        assert (frame.colorspace, frame.color_range) == (matrix, 1)


def enlarged(path: Path, height: int) -> Path:
    """The film at another height."""
    target = path.with_name("large.mp4")
    with av.open(str(path)) as source, av.open(str(target), "w") as result:
        stream = result.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height = 64, height
        for frame in source.decode(video=0):
            result.mux(stream.encode(frame.reformat(width=64, height=height)))
        result.mux(stream.encode(None))
    return target


@pytest.mark.parametrize(("transfer", "word"), [(16, "PQ"), (18, "HLG")])
def test_high_dynamic_range_is_refused_by_name(tmp_path: Path, colour: Colorize, transfer: int, word: str) -> None:
    """The reason says PQ or HLG."""
    settings = {"color_trc": transfer, "color_primaries": 9, "colorspace": 9}
    film = Film(
        codec="libx265", pixels="yuv420p10le", frames=3, settings=settings, options={"x265-params": "log-level=none"}
    )
    with pytest.raises(UnsupportedError, match=word):
        colour(write_film(tmp_path / "film.mp4", film))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_variable_frame_rate_stays_variable(tmp_path: Path, colour: Colorize, suffix: str) -> None:
    """Each frame is shown when the original showed it, to the container's tick."""
    pts = tuple(int(number) for number in np.cumsum(np.random.default_rng(1).integers(900, 9000, 40)))
    source = write_film(tmp_path / f"film{suffix}", Film(frames=40, pts=pts))
    _, result = colour(source, speed="fast")
    assert times(result) == times(source)


def test_every_sound_track_is_copied(tmp_path: Path, colour: Colorize) -> None:
    """Packet for packet, with language and title, and in step with the picture."""
    source = write_film(tmp_path / "film.mkv", Film(frames=50, sounds=("aac", "ac3", "flac")))
    _, result = colour(source)
    for track in range(3):
        assert packets(result, track) == packets(source, track)
    with av.open(str(source)) as original, av.open(str(result)) as container:
        for ours, theirs in zip(container.streams, original.streams, strict=True):
            assert (ours.type, ours.start_time or 0) == (theirs.type, theirs.start_time or 0)


def test_a_film_without_sound_is_one(tmp_path: Path, colour: Colorize) -> None:
    """Nothing is added."""
    _, result = colour(write_film(tmp_path / "film.mp4"))
    with av.open(str(result)) as container:
        assert len(container.streams) == 1


@pytest.mark.parametrize(
    ("sounds", "suffix"), [((), ".mp4"), (("aac",), ".mp4"), (("libmp3lame", "ac3"), ".mp4"), (("pcm_s16le",), ".mkv")]
)
def test_other_containers_become_mp4_where_all_fits(
    tmp_path: Path, colour: Colorize, sounds: tuple[str, ...], suffix: str
) -> None:
    """An AVI becomes MP4 with sound that plays there, else MKV; its sound is copied either way."""
    source = write_film(tmp_path / "film.avi", Film(codec="mpeg4", sounds=sounds))
    report, result = colour(source)
    assert report.suffix == suffix
    for track in range(len(sounds)):
        assert packets(result, track) == packets(source, track)
    assert len(times(result)) == 20


def test_windows_media_sound_is_copied(tmp_path: Path, colour: Colorize) -> None:
    """Matroska holds it as WAV files do, packet for packet."""
    source = write_film(tmp_path / "film.wmv", Film(codec="wmv2", frames=50, sounds=("wmav2",)))
    report, result = colour(source)
    assert (report.suffix, report.notes) == (".mkv", ())
    assert packets(result, 0) == packets(source, 0)
    assert loudness(result) == loudness(source) > 0.01


def loudness(path: Path) -> float:
    """Of all the sound of a film."""
    with av.open(str(path)) as container:
        return float(np.mean([np.abs(frame.to_ndarray()).mean() for frame in container.decode(audio=0)]))


def test_metadata_chapters_and_shape_are_kept(tmp_path: Path, colour: Colorize) -> None:
    """Title, language, chapters and sample aspect ratio are the original's."""
    film = Film(frames=50, sounds=("aac",), settings={"sample_aspect_ratio": Fraction(16, 15)})
    plain, source = write_film(tmp_path / "plain.mkv", film), tmp_path / "film.mkv"
    with av.open(str(plain)) as container, av.open(str(source), "w") as tagged:
        streams = [tagged.add_stream_from_template(stream) for stream in container.streams]
        streams[1].metadata["language"] = "ger"
        tagged.metadata["title"] = "Reel 7"
        chapter = {"id": 1, "start": 0, "end": 1000, "time_base": Fraction(1, 1000), "metadata": {"title": "Harbour"}}
        tagged.set_chapters([chapter])
        for packet in container.demux():
            if packet.size:
                packet.stream = streams[packet.stream.index]
                tagged.mux(packet)
    _, result = colour(source)
    with av.open(str(result)) as container:
        assert container.metadata["title"] == "Reel 7"
        assert container.streams.audio[0].metadata["language"] == "ger"
        assert container.chapters()[0]["metadata"]["title"] == "Harbour"
        assert container.streams.video[0].sample_aspect_ratio == Fraction(16, 15)


def test_a_turned_film_stays_turned(tmp_path: Path, colour: Colorize) -> None:
    """The display matrix of a telephone's film is kept."""
    plain, source = write_film(tmp_path / "plain.mp4"), tmp_path / "film.mp4"
    with av.open(str(plain)) as container, av.open(str(source), "w") as turned:
        stream = turned.add_stream_from_template(container.streams.video[0])
        stream.set_display_rotation(90)
        for packet in container.demux(video=0):
            if packet.size:
                packet.stream = stream
                turned.mux(packet)
    _, result = colour(source)
    with av.open(str(source)) as original, av.open(str(result)) as container:
        rotation = next(original.decode(video=0)).rotation
        assert rotation != 0
        assert next(container.decode(video=0)).rotation == rotation


def test_a_film_of_several_segments_is_whole(tmp_path: Path, colour: Colorize) -> None:
    """Over the edge of a segment every frame keeps its time, and decoding times rise."""
    source = write_film(tmp_path / "film.mp4", Film(frames=140, rate=2, width=64, height=48, sounds=("aac",)))
    _, result = colour(source, speed="fast")
    assert len(list((tmp_path / "workspace").glob("segment-*.mkv"))) >= 2
    assert times(result) == times(source)
    with av.open(str(result)) as container:
        decoding = [packet.dts for packet in container.demux(video=0) if packet.dts is not None]
        assert decoding == sorted(set(decoding))


def test_the_same_film_gives_the_same_result(tmp_path: Path, colour: Colorize) -> None:
    """Twice the same, bit for bit, in every frame."""
    source = write_film(tmp_path / "film.mkv", Film(frames=21))
    first = [planes(colour(source)[1], index) for index in range(3)]
    second = [planes(colour(source)[1], index) for index in range(3)]
    assert all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))


def test_a_piece_is_what_was_asked_for(tmp_path: Path, colour: Colorize) -> None:
    """From one second on, for half a second: 12 or 13 frames, counted from 0, with their sound."""
    source = write_film(tmp_path / "film.mp4", Film(frames=60, sounds=("aac",)))
    report, result = colour(source, excerpt=Excerpt(1.0, 0.5))
    assert report.frames == 13
    assert times(result)[0] == 0
    with av.open(str(result)) as container:
        sound = [packet.pts * packet.time_base for packet in container.demux(audio=0) if packet.size]
    assert 0 <= sound[0] < 0.03
    assert sound[-1] < 0.5


def test_a_piece_beyond_the_end_is_refused(tmp_path: Path, colour: Colorize) -> None:
    """With the reason."""
    with pytest.raises(MediaError, match="no frame in this part"):
        colour(write_film(tmp_path / "film.mp4"), excerpt=Excerpt(100.0))


def test_compare_puts_grey_beside_colour(tmp_path: Path, colour: Colorize) -> None:
    """Twice as wide; on the left no chroma, on the right some."""
    _, result = colour(write_film(tmp_path / "film.mp4"), compare=True)
    left, right = np.split(planes(result, 1)[10], 2, axis=1)
    assert left.shape == (32, 48)
    assert np.abs(left[:, :-8] - 128).max() <= 2
    assert np.abs(right - 128).max() > 4


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
def test_a_film_that_breaks_off_is_coloured_or_may_be_growing(tmp_path: Path, colour: Colorize, suffix: str) -> None:
    """Without its index an MP4 may still be growing; of the others, what is there is coloured."""
    source = write_film(tmp_path / f"film{suffix}", Film(frames=100, codec="mpeg4", grain=20))
    source.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    if suffix == ".mp4":
        with pytest.raises(TruncatedError, match="index"):
            colour(source)
    else:
        assert 5 < colour(source)[0].frames < 100


def test_damaged_packets_cost_only_themselves(tmp_path: Path, colour: Colorize) -> None:
    """A film with noise in its middle keeps the frames around it, and its sound."""
    source = write_film(tmp_path / "film.mkv", Film(frames=100, sounds=("aac",), options={"g": "10"}))
    content = bytearray(source.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 200] = bytes(200)
    source.write_bytes(content)
    report, _ = colour(source)
    assert 60 < report.frames <= 100


@pytest.mark.parametrize("content", [b"hello world\n" * 100, bytes(5000), b"1\n00:00:01,000 --> 00:00:02,000\nHi\n"])
def test_what_is_no_film_is_refused(tmp_path: Path, colour: Colorize, content: bytes) -> None:
    """Text, zeros and subtitles are no films, whatever they are called."""
    source = tmp_path / "film.mp4"
    source.write_bytes(content)
    with pytest.raises(UnsupportedError, match=r"film\.mp4"):
        colour(source)


def test_sound_alone_is_refused(tmp_path: Path, colour: Colorize) -> None:
    """There is no picture to colour."""
    source = tmp_path / "sound.mkv"
    with av.open(str(source), "w") as container:
        write_sound(container, container.add_stream("aac", rate=48_000), 1.0, 440)
    with pytest.raises(UnsupportedError, match="no moving picture"):
        colour(source)


def test_large_pictures_have_one_encoder_at_a_time(
    tmp_path: Path, colour: Colorize, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The segment before is finished, however long that takes, before the encoder of the next one is opened."""
    unfinished: list[int] = []
    encode = segments.encode_segment

    def spied(path: Path, *args: Any) -> Callable[[], Segment]:  # noqa: ANN401
        unfinished.append(len(list(path.parent.glob("*.part"))))
        finish = encode(path, *args)

        def slowly() -> Segment:
            time.sleep(0.2)
            return finish()

        return slowly

    monkeypatch.setattr(segments, "encode_segment", spied)
    monkeypatch.setattr(colouring, "_LARGE", 0)
    colour(write_film(tmp_path / "film.mp4", Film(frames=140, rate=2, width=64, height=48)))
    assert len(unfinished) >= 2
    assert not any(unfinished)
