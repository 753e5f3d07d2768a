"""Tests of colorizer/photo/codecs/kept_samples.py."""

from pathlib import Path

import numpy as np
import pytest
import pyvips
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from colorizer.photo.codecs.kept_samples import KeptSamples

sides = st.integers(1, 60)


def undecoded(path: Path) -> pyvips.Image:
    """A picture that can be read once, from top to bottom."""
    return pyvips.Image.new_from_file(str(path), access="sequential", fail_on="warning")


def written(path: Path, height: int, width: int, mode: str = "RGB") -> NDArray[np.uint8]:
    """The samples (H, W, bands) of a PNG of noise with a resolution and EXIF."""
    shape = (height, width, 3) if mode == "RGB" else (height, width)
    samples = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    exif = Image.Exif()
    exif[271] = "a camera"
    Image.fromarray(samples).save(path, dpi=(300, 300), exif=exif)
    return samples.reshape(height, width, -1)


@given(sides, sides, st.sampled_from(["L", "RGB"]), st.lists(st.integers(1, 70), min_size=2, max_size=2))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_each_pass_gives_all_samples(tmp_path: Path, height: int, width: int, mode: str, passes: list[int]) -> None:
    """In strips of so many lines, the last one of fewer: the first pass, which decodes, and those after it."""
    samples = written(tmp_path / "a.png", height, width, mode)
    told: list[None] = []
    kept = KeptSamples(undecoded(tmp_path / "a.png"), lambda: told.append(None))
    for lines in passes:
        strips = list(kept.strips(lines))
        assert [len(strip) for strip in strips[:-1]] == [lines] * (len(strips) - 1)
        assert np.array_equal(np.concatenate(strips), samples)
    assert len(told) == -(-height // passes[0])


def test_a_tall_picture_is_read_in_many_parts(tmp_path: Path) -> None:
    """Strips are made of several parts that libvips decodes, and parts of several strips."""
    samples = written(tmp_path / "a.png", 2000, 500)
    for lines in (64, 1500):
        strips = list(KeptSamples(undecoded(tmp_path / "a.png"), lambda: None).strips(lines))
        assert np.array_equal(np.concatenate(strips), samples)


@pytest.mark.parametrize("passes", [0, 1])
def test_the_image_has_samples_and_metadata(tmp_path: Path, passes: int) -> None:
    """Before the first pass as after it."""
    samples = written(tmp_path / "a.png", 50, 70)
    kept = KeptSamples(undecoded(tmp_path / "a.png"), lambda: None)
    for _ in range(passes):
        assert sum(len(strip) for strip in kept.strips(7)) == 50
    image, header = kept.image(), undecoded(tmp_path / "a.png")
    assert np.array_equal(image.numpy(), samples)
    assert {*header.get_fields()} <= {*image.get_fields()}
    assert "camera" in image.get("exif-ifd0-Make")
    assert (image.xres, image.yres, image.interpretation) == (header.xres, header.yres, header.interpretation)


def test_damage_is_found_in_the_first_pass(tmp_path: Path) -> None:
    """A picture that is cut off raises an error, and is not taken for decoded."""
    written(tmp_path / "a.png", 200, 200)
    content = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").write_bytes(content[: len(content) // 2])
    kept = KeptSamples(undecoded(tmp_path / "a.png"), lambda: None)
    with pytest.raises(pyvips.Error):
        list(kept.strips(10))
    with pytest.raises(pyvips.Error):
        kept.image()
