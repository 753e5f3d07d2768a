"""Tests of colorizer/film/encode/side_streams.py: what becomes of the streams beside the picture."""

import io
import shutil
import subprocess
from pathlib import Path

import av
import pytest
from av.stream import Disposition
from PIL import Image

from tests.assets.films import Film, write_film
from tests.colorizer.film.encode.test_encoder import coloured


def with_cover(path: Path, cover: bytes) -> Path:
    """A copy of a film with an attached cover."""
    target = path.with_name("cover.mkv")
    with av.open(str(path)) as source, av.open(str(target), "w") as result:
        stream = result.add_stream_from_template(source.streams.video[0], opaque=True)
        result.add_attachment("small_cover.jpg", "image/jpeg", cover)
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                result.mux(packet)
    return target


def test_a_cover_in_matroska_stays_an_attachment(tmp_path: Path, weights: Path) -> None:
    """Breaks: libav shows it as a stream of pictures, and written as one it would be a second film."""
    jpeg = io.BytesIO()
    Image.new("RGB", (32, 32), "red").save(jpeg, "JPEG")
    source = with_cover(write_film(tmp_path / "film.mkv", Film(frames=5)), jpeg.getvalue())
    report, result = coloured(source, weights)
    assert report.notes == ()
    with av.open(str(result)) as container:
        picture, cover = container.streams
        assert not picture.disposition & Disposition.attached_pic
        assert cover.disposition & Disposition.attached_pic
        tags = {name.lower(): value for name, value in cover.metadata.items()}
        assert (tags["filename"], tags["mimetype"]) == ("small_cover.jpg", "image/jpeg")
        assert [bytes(packet) for packet in container.demux(cover) if packet.size] == [jpeg.getvalue()]


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="samples are made by ffmpeg, which is missing")
def test_a_stream_that_begins_in_the_middle_is_named(tmp_path: Path, weights: Path) -> None:
    """Breaks: a second sound that the first seconds of a disc's film do not have. The film is coloured all the same."""
    source = tmp_path / "film.vob"
    parts = ((8, 1, 0), (1, 2, 8), (10, 1, 9))  # seconds, sounds, beginning; libav also looks at the film's last part
    source.write_bytes(b"".join(disc_film(tmp_path, *part) for part in parts))
    report, result = coloured(source, weights)
    assert report.notes == ("stream 2 (audio, mp2) left out: it begins in the middle of the film",)
    with av.open(str(result)) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]
    assert report.frames == 19 * 25


def disc_film(folder: Path, seconds: int, sounds: int, start: int) -> bytes:
    """A part of a film as a disc holds it."""
    path = folder / f"{start}.vob"
    arguments = f"-f lavfi -i testsrc2=s=96x64:r=25:d={seconds},hue=s=0 "
    arguments += "".join(f"-f lavfi -i sine=f={440 * number}:d={seconds} " for number in range(1, sounds + 1))
    arguments += "".join(f"-map {number} " for number in range(sounds + 1))
    arguments += f"-c:v mpeg2video -b:v 300k -pix_fmt yuv420p -c:a mp2 -b:a 64k -output_ts_offset {start} -f vob"
    subprocess.run(["ffmpeg", "-v", "error", *arguments.split(), path], check=True, stdin=subprocess.DEVNULL)
    return path.read_bytes()
