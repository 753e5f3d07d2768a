"""Tests of colorizer/film/decode/side_data.py."""

import io
from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.packet import Packet
from PIL import Image

from colorizer.film.decode.probe import probe_film
from colorizer.film.decode.side_data import display_matrix, has_captions, is_dolby_vision


@pytest.fixture
def camera_film(tmp_path: Path) -> Path:
    """A film as a camera makes it: JPEGs, each with EXIF."""
    exif = Image.Exif()
    exif[271] = "Camera"
    jpeg = io.BytesIO()
    Image.new("L", (64, 48), 128).convert("RGB").save(jpeg, "JPEG", exif=exif)
    path = tmp_path / "film.mov"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        for number in range(3):
            packet = Packet(jpeg.getvalue())
            packet.pts, packet.dts, packet.time_base, packet.stream = number, number, Fraction(1, 25), stream
            container.mux(packet)
    return path


def test_side_data_without_a_name_hides_no_other(camera_film: Path) -> None:
    """Breaks: a frame has a type of side data (EXIF) that libav's Python binding does not know."""
    with av.open(str(camera_film)) as container:
        frame = next(container.decode(video=0))
    assert len(frame.side_data) > 0
    assert display_matrix(frame) is None
    assert not has_captions(frame)
    assert not is_dolby_vision(frame)
    assert probe_film(camera_film, 100).codec == "mjpeg"
