"""Tests of the weights that come with tintd, and of what stands beside them."""

import skimage.data
import torch

from colorizer.model.colorist import Colorist, shrink
from colorizer.model.lab import Matrix, lightness_of_luma, rgb_to_lab
from colorizer.model.prediction import read
from colorizer.model.predictor import Predictor
from colorizer.model.weights import load_card
from colorizer.weights_path import DEFAULT_WEIGHTS, fitted_head

MOST_BYTES = 40_000_000


def test_they_are_small_and_say_what_they_are() -> None:
    """At most 40 MB, with terms, recipe and figures; the model card has the terms too."""
    assert DEFAULT_WEIGHTS.stat().st_size <= MOST_BYTES
    card = load_card(DEFAULT_WEIGHTS)
    assert card.calibration is not None
    assert "research" in card.terms
    assert {"recipe", "metrics"} <= card.notes.keys()
    assert "research" in (DEFAULT_WEIGHTS.parent / "MODEL_CARD.md").read_text()


def test_a_head_fits_them() -> None:
    """After new weights, `tintd upright default DATA` fits it again."""
    assert fitted_head(DEFAULT_WEIGHTS) is not None


def test_they_know_the_sky() -> None:
    """On a picture that they were not trained on, a rocket before the evening sky, the sky is blue."""
    rgb = torch.from_numpy(skimage.data.rocket()).permute(2, 0, 1)[None] / 255
    kr, kb = Matrix.BT601.value
    luma = (rgb * torch.tensor([kr, 1 - kr - kb, kb]).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)
    model = Predictor.load(DEFAULT_WEIGHTS, device="cpu")
    small = shrink(luma, Colorist(model).extent(*luma.shape[-2:]))
    prediction = model.predict(lightness_of_luma(small), mirrored=True)
    truth = rgb_to_lab(shrink(rgb, small.shape[-2:]))[:, 1:]
    mean, default = read(prediction, model.card.decoding(0.0)), read(prediction, model.card.decoding("auto"))
    for ab in (mean, default):
        assert ab[0, 1].median() < -5
        assert (ab - truth).square().mean() < 0.4 * truth.square().mean()
