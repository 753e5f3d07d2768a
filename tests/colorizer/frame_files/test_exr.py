"""Tests of colorizer/frame_files/exr.py."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from colorizer.errors import MediaError
from colorizer.frame_files.coloured_frame import ColouredFrame

OpenEXR = pytest.importorskip("OpenEXR")

RNG = np.random.default_rng(0)
WEIGHTS = np.array([0.2126, 0.7152, 0.0722])


def write(frame: ColouredFrame, target: Path) -> tuple[str, ...]:
    """Write a frame."""
    from colorizer.frame_files.exr import write_exr  # noqa: PLC0415 (the library may be missing)

    return write_exr(frame, target)


def original(path: Path, channels: dict[str, Any], **header: object) -> ColouredFrame:
    """A file of 30 x 40 pixels that is displayed, and a coloured frame of it."""
    usual = {"type": OpenEXR.scanlineimage, "compression": OpenEXR.ZIP_COMPRESSION, "owner": "archive"}
    OpenEXR.File(usual | header, channels).write(str(path))
    return ColouredFrame(path, RNG.random((30, 40, 3)).astype(np.float32), None, 16, "tintd, weights 1")


def light(kind: type, shape: tuple[int, int] = (30, 40)) -> np.ndarray[Any, Any]:
    """Grey light up to three times white."""
    return (RNG.random(shape) * 3).astype(kind)


def channels_of(path: Path) -> dict[str, Any]:
    """The channels of a file's first part."""
    return {name: one.pixels for name, one in OpenEXR.File(str(path), separate_channels=True).channels().items()}


def test_a_full_disk_is_no_damage(tmp_path: Path) -> None:
    """The library tells of it in words alone; the job is held until there is room."""
    frame = original(tmp_path / "a.exr", {"Y": light(np.float32)})
    (tmp_path / "b.exr").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        write(frame, tmp_path / "b.exr")


@pytest.mark.parametrize(("kind", "error"), [(np.float16, 2e-3), (np.float32, 1e-5)])
@pytest.mark.parametrize("is_rgb", [True, False])
def test_luminance_is_kept_above_white_too(tmp_path: Path, kind: type, error: float, *, is_rgb: bool) -> None:
    """In the type of the original, with its other channels and attributes as they were."""
    grey, depth = light(kind), light(np.float32)
    channels = dict.fromkeys("RGB", grey) if is_rgb else {"Y": grey}
    frame = original(tmp_path / "a.exr", channels | {"A": light(np.float16), "fx.Z": depth}, xDensity=300.0)
    assert write(frame, tmp_path / "b.exr") == ()
    found = channels_of(tmp_path / "b.exr")
    assert found.keys() == {"R", "G", "B", "A", "fx.Z"}
    assert {found[name].dtype for name in "RGB"} == {np.dtype(kind)}
    colours = np.stack([found[name] for name in "RGB"], axis=2).astype(float)
    assert np.allclose(colours @ WEIGHTS, grey.astype(float), rtol=error, atol=1e-4)
    assert np.ptp(colours, axis=2).mean() > 0.1
    assert np.array_equal(found["fx.Z"], depth)
    header = OpenEXR.File(str(tmp_path / "b.exr"), separate_channels=True).header()
    assert (header["owner"], header["xDensity"], header["comments"]) == ("archive", 300.0, "tintd, weights 1")


def test_the_colours_lie_where_the_window_of_the_data_does(tmp_path: Path) -> None:
    """Beyond the displayed picture go on those of its edge."""
    windows = {
        "dataWindow": (np.array([-2, -1], np.int32), np.array([43, 32], np.int32)),
        "displayWindow": (np.array([0, 0], np.int32), np.array([39, 29], np.int32)),
    }
    grey = np.ones((34, 46), np.float32)
    frame = original(tmp_path / "a.exr", {"Y": grey}, **windows)
    write(frame, tmp_path / "b.exr")
    red, linear = channels_of(tmp_path / "b.exr")["R"], ((frame.rgb + 0.055) / 1.055) ** 2.4
    place = (5, 7)
    wanted = linear[place][0] / (linear[place] @ WEIGHTS)
    assert abs(red[place[0] + 1, place[1] + 2] - wanted) < 0.02
    assert red[0, 0] == red[1, 2]


def test_a_compression_that_loses_something_is_replaced(tmp_path: Path) -> None:
    """Else the other channels would lose more; the report says so."""
    frame = original(tmp_path / "a.exr", {"Y": light(np.float16)}, compression=OpenEXR.DWAA_COMPRESSION)
    assert write(frame, tmp_path / "b.exr") == ("DWAA became ZIP, which loses nothing",)


def test_attributes_of_libavs_files_are_kept(tmp_path: Path) -> None:
    """The rate, for instance, which is a fraction."""
    from tests.assets.films import Film  # noqa: PLC0415
    from tests.assets.sequences import encoded  # noqa: PLC0415

    path = tmp_path / "a.exr"
    path.write_bytes(encoded(".exr", "gbrpf32le", Film(), 1))
    frame = ColouredFrame(path, RNG.random((64, 96, 3)).astype(np.float32), None, 16, "")
    write(frame, tmp_path / "b.exr")
    assert OpenEXR.File(str(tmp_path / "b.exr")).header()["framesPerSecond"] == Fraction(25)


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """No such channels, or a damaged file."""
    frame = original(tmp_path / "a.exr", {"beauty.R": light(np.float16)})
    with pytest.raises(MediaError, match="neither R, G and B nor Y"):
        write(frame, tmp_path / "b.exr")
    frame.original.write_bytes(frame.original.read_bytes()[:300])
    with pytest.raises(MediaError, match=r"a\.exr: this EXR cannot be read"):
        write(frame, tmp_path / "b.exr")
