"""Tests of colorizer/photo/reduction.py."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from colorizer.model.colorist import shrink, working_extent
from colorizer.model.tint_detection import Expect, Judgement, Verdict, judge
from colorizer.photo import reduction
from colorizer.photo.formats import format_named
from colorizer.photo.formats.photo_format import Opening
from colorizer.photo.picture import Picture
from colorizer.photo.reduction import Reduction, reduce_picture
from colorizer.settings import PhotoSettings
from tests.assets.pictures import grey
from tests.assets.tones import coloured, sepia, toned


def reduced(path: Path, size: int = 64) -> Reduction:
    """A PNG at a working size."""
    return reduce_picture(opened(path), lambda h, w: working_extent(h, w, size), lambda: None, judge_colour=True)


def opened(path: Path, room: int = 0) -> Picture:
    """The picture of a PNG, which is decoded for each pass, or held where there is room."""
    (picture,) = format_named("png").open(path, Opening(PhotoSettings(), room=room)).pictures
    return picture


@pytest.mark.parametrize("factor", [1, 3, 8])
def test_luma_is_the_mean_over_the_area(tmp_path: Path, factor: int) -> None:
    """Shrinking in two steps, first in libvips, differs little from one step in torch."""
    large = np.asarray(Image.fromarray(grey(256, 256)).resize((256 * factor, 256 * factor), Image.Resampling.BICUBIC))
    Image.fromarray(large).save(tmp_path / "a.png")
    (luma,) = reduced(tmp_path / "a.png").luma
    direct = shrink(torch.from_numpy(large.astype(np.float32) / 255)[None, None], (64, 64))
    assert luma.shape == (1, 1, 64, 64)
    assert float((luma - direct).abs().max()) < 12 / 255
    assert float((luma - direct).abs().mean()) < 1 / 255


@given(st.tuples(st.integers(1, 400), st.integers(1, 400)), st.sampled_from(["L", "RGB", "I;16"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_a_picture_that_is_held_is_reduced_alike(tmp_path: Path, size: tuple[int, int], mode: str) -> None:
    """At any size, also one that no square divides: memory decides about the time alone."""
    samples = np.random.default_rng(0).integers(0, 65536 if mode == "I;16" else 256, (*size, 3))
    samples = samples.astype(np.uint16 if mode == "I;16" else np.uint8)
    Image.fromarray(samples if mode == "RGB" else samples[:, :, 0]).save(tmp_path / "a.png")
    held, read = (
        reduce_picture(
            opened(tmp_path / "a.png", room), partial(working_extent, size=32), lambda: None, judge_colour=True
        )
        for room in (1 << 30, 0)
    )
    assert torch.allclose(held.luma[0], read.luma[0], atol=1e-5)
    assert (held.verdict, held.margins) == (read.verdict, read.margins)


def test_little_of_a_large_picture_waits_to_be_summed(tmp_path: Path) -> None:
    """Breaks: a photograph that is too large to be held takes half a gigabyte while it is shrunk."""
    Image.fromarray(np.zeros((2000, 3000), np.uint8)).save(tmp_path / "a.png")
    picture = opened(tmp_path / "a.png", room=1 << 30)
    strips, asked = picture.strips, list[int]()
    assert strips is not None

    def read(lines: int) -> Iterator[NDArray[Any]]:
        for strip in strips(lines):
            asked.append(strip.size)
            yield strip

    extent = partial(working_extent, size=64)
    reduce_picture(replace(picture, strips=read), extent, lambda: None, judge_colour=False)
    assert sum(asked) == 2000 * 3000
    assert max(asked) <= 1 << 20


def test_a_long_strip_is_shrunk_to_twice_its_working_size(tmp_path: Path) -> None:
    """Its working size is smaller than the size at which its colours are judged, and alone decides about its luma."""
    large = np.asarray(Image.fromarray(grey(800, 100)).resize((8000, 1000), Image.Resampling.BICUBIC))
    Image.fromarray(large).save(tmp_path / "a.png")
    (luma,) = reduced(tmp_path / "a.png", 144).luma
    squares = torch.from_numpy(large.astype(np.float32) / 255).reshape(250, 4, 2000, 4).mean((1, 3))
    assert luma.shape == (1, 1, 102, 815)
    assert torch.allclose(luma, shrink(squares[None, None], (102, 815)), atol=1e-5)


def test_colour_does_not_change_the_luma(tmp_path: Path) -> None:
    """The luma of a picture is the same whether its colours are judged in the same pass or not."""
    Image.fromarray(toned(sepia)).save(tmp_path / "a.png")
    judged = reduced(tmp_path / "a.png")
    plain = reduce_picture(
        opened(tmp_path / "a.png"), lambda h, w: working_extent(h, w, 64), lambda: None, judge_colour=False
    )
    assert torch.equal(judged.luma[0], plain.luma[0])


def test_a_cast_is_not_colour(tmp_path: Path) -> None:
    """Sepia and grey are not in colour; a colour photograph is, also where transparent parts hide nothing of it."""
    pictures = {
        "sepia": Image.fromarray(toned(sepia)),
        "grey": Image.fromarray(grey()),
        "colour": Image.fromarray(coloured("coffee")),
        "alpha": Image.fromarray(coloured("coffee")).convert("RGBA"),
    }
    found = {}
    for name, image in pictures.items():
        image.save(tmp_path / f"{name}.png")
        found[name] = reduced(tmp_path / f"{name}.png").verdict is Verdict.COLOUR
    assert found == {"sepia": False, "grey": False, "colour": True, "alpha": True}


def test_a_long_animation_is_judged_by_some_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many it has, the memory for it is limited; the judgement is that of all."""
    sides = []

    def note(rgb: Tensor, expect: Expect | None) -> Judgement:
        sides.append(tuple(rgb.shape[1:]))
        return judge(rgb, expect)

    monkeypatch.setattr(reduction, "judge", note)
    frames = [Image.fromarray(coloured("coffee", 40, 60)).rotate(number) for number in range(150)]
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:])
    (picture,) = format_named("webp").open(tmp_path / "a.webp", Opening(PhotoSettings())).pictures
    found = reduce_picture(picture, partial(working_extent, size=32), lambda: None, judge_colour=True)
    assert sides == [(50 * 20, 30)]
    assert found.verdict is Verdict.COLOUR
    assert len(found.luma) == picture.frames > 140


def test_what_is_transparent_has_no_colour(tmp_path: Path) -> None:
    """A grey picture whose invisible parts hold colour is a grey one."""
    image = Image.fromarray(coloured("coffee")).convert("RGBA")
    image.putalpha(0)
    image.paste(Image.fromarray(grey(96, 192)).convert("RGBA"), (0, 0))
    image.save(tmp_path / "a.png")
    assert reduced(tmp_path / "a.png").verdict is not Verdict.COLOUR
