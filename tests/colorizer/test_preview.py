"""Tests of colorizer/preview.py: what cannot be shown by a browser becomes what can."""

from pathlib import Path

import av
import numpy as np
import pytest
import pyvips
from PIL import Image

from colorizer.errors import TintdError
from colorizer.preview import write_clip, write_stills
from tests.assets.films import Film, write_film
from tests.assets.pictures import deep_grey


def test_sixteen_bits_and_orientation(tmp_path: Path) -> None:
    """A TIFF of 16 bits that lies on its side stands upright, at 8 bits, with the same greys."""
    samples = deep_grey(96, 128)
    image = pyvips.Image.new_from_array(samples).copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", 6)
    image.tiffsave(str(tmp_path / "a.tif"))
    report = write_stills(tmp_path / "a.tif", {tmp_path / "a.jpg": 1000, tmp_path / "small.jpg": 32})
    assert report.kind == "photo"
    shown = np.asarray(Image.open(tmp_path / "a.jpg").convert("L"), float)
    assert shown.shape == (128, 96)
    assert np.abs(np.rot90(shown) - samples / 257).mean() < 4
    assert max(Image.open(tmp_path / "small.jpg").size) == 32


@pytest.mark.parametrize(
    ("codec", "pixels"), [("ffv1", "yuv420p"), ("mpeg2video", "yuv420p"), ("prores_ks", "yuv422p10le")]
)
def test_a_film_becomes_h264(tmp_path: Path, codec: str, pixels: str) -> None:
    """With a picture of every frame, and a still of it."""
    film = write_film(tmp_path / "film.mkv", Film(codec=codec, pixels=pixels))
    told: list[tuple[int, int]] = []
    write_clip(film, tmp_path / "copy.mp4", lambda done, frames: told.append((done, frames)))
    with av.open(str(film)) as before, av.open(str(tmp_path / "copy.mp4")) as after:
        picture = after.streams.video[0]
        assert (picture.codec_context.name, picture.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert [picture.width, picture.height] == [96, 64]
        assert len(list(after.decode(video=0))) == len(list(before.decode(video=0))) == len(told)
    write_stills(film, {tmp_path / "still.jpg": 64})
    assert Image.open(tmp_path / "still.jpg").format == "JPEG"


def test_its_sound_is_kept(tmp_path: Path) -> None:
    """The first track, as AAC, of the same length as the picture."""
    film = write_film(tmp_path / "film.mkv", Film(sounds=("pcm_s16le",), frames=50))
    write_clip(film, tmp_path / "copy.mp4", lambda _done, _frames: None)
    with av.open(str(tmp_path / "copy.mp4")) as copy:
        assert copy.streams.audio[0].codec_context.name == "aac"
        picture, sound = copy.streams.video[0], copy.streams.audio[0]
        lengths = [float(stream.duration * stream.time_base) for stream in (picture, sound)]
        assert abs(lengths[0] - lengths[1]) < 0.2


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    """A text is neither a photograph nor a film, and a photograph is no film."""
    (tmp_path / "a.txt").write_text("a letter")
    with pytest.raises(TintdError, match=r"a\.txt"):
        write_stills(tmp_path / "a.txt", {tmp_path / "a.jpg": 10})
    Image.new("L", (8, 8)).save(tmp_path / "a.png")
    with pytest.raises(TintdError, match="no film"):
        write_clip(tmp_path / "a.png", tmp_path / "a.mp4", lambda _done, _frames: None)
