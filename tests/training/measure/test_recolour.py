"""Tests of training/measure/recolour.py."""

from pathlib import Path

import numpy as np
import pytest
import pyvips
import torch

from colorizer.engine import colorize
from colorizer.job import Job
from colorizer.model.colorist import Colorist, shrink
from colorizer.model.predictor import Predictor
from colorizer.photo.picture import MATRIX
from colorizer.settings import ColourSettings, JobSettings
from tests.assets.pictures import grey
from training.measure.recolour import apply_fit, recolour, remove_colour


@pytest.fixture(scope="module")
def colorist(weights: Path) -> Colorist:
    """The test weights on the CPU."""
    return Colorist(Predictor.load(weights, device="cpu"))


@pytest.mark.parametrize("size", [(96, 128), (131, 250), (250, 131)])
def test_photographs_and_frames_are_enlarged_alike(
    tmp_path: Path, weights: Path, colorist: Colorist, size: tuple[int, int]
) -> None:
    """libvips, which writes photographs in strips, is within half a code value of torch, which colours frames.

    The photograph has float samples, so its result is not rounded.

    """
    luma = grey(*size).astype(np.float32) / 255
    source, target = tmp_path / "grey.tif", tmp_path / "result"
    pyvips.Image.new_from_array(luma).tiffsave(str(source))
    settings = JobSettings(colour=ColourSettings(weights=weights, device="cpu"))
    colorize(Job(source, target, tmp_path / "workspace", settings), lambda _done, _all: None)
    product = pyvips.Image.new_from_file(str(target)).numpy()
    whole = torch.from_numpy(luma)[None, None]
    fit = colorist.fit(shrink(whole, colorist.extent(*size)), MATRIX, mirrored=True)
    frame = apply_fit(whole, fit)[0].permute(1, 2, 0).numpy()
    assert product.dtype == np.float32
    assert np.ptp(product, axis=2).max() > 10 / 255
    assert np.abs(product - frame).max() < 0.5 / 255


def test_only_the_luma_decides_the_new_colours(colorist: Colorist) -> None:
    """A photograph and its grey version get the same new colours, and keep their luma."""
    coloured = np.random.default_rng(0).integers(90, 160, (70, 90, 3), np.uint8)
    luma = remove_colour(coloured)[0]
    printed = (luma[0, :, :, None].expand(-1, -1, 3) * 255).round().byte().numpy()
    result = recolour(coloured, colorist)
    assert torch.equal(result, recolour(printed, colorist))
    kr, kb = MATRIX.value
    weights = torch.tensor((kr, 1 - kr - kb, kb)).view(3, 1, 1)
    torch.testing.assert_close((result * weights).sum(dim=0, keepdim=True), luma, atol=1 / 255, rtol=0)
