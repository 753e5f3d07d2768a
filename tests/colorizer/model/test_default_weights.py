"""Tests of the weights that come with tintd, and of what stands beside them."""

import skimage.data
import torch

from colorizer.model.colorist import Colorist, shrink
from colorizer.model.lab import Matrix, lightness_of_luma, rgb_to_lab
from colorizer.model.prediction import read
from colorizer.model.predictor import Predictor
from colorizer.model.weights import DEFAULT_WEIGHTS, load_card

MOST_BYTES = 30_000_000


def test_they_are_small_and_say_what_they_are() -> None:
    """At most 30 MB, with terms, recipe and figures; the model card has the terms too."""
    assert DEFAULT_WEIGHTS.stat().st_size <= MOST_BYTES
    card = load_card(DEFAULT_WEIGHTS)
    assert card.calibration is not None
    assert "research" in card.terms
    assert {"recipe", "metrics"} <= card.notes.keys()
    assert "research" in (DEFAULT_WEIGHTS.parent / "MODEL_CARD.md").read_text()


def test_they_know_the_sky() -> None:
    """On a picture that they were not trained on, a rocket before the evening sky, the sky is blue."""
    rgb = torch.from_numpy(skimage.data.rocket()).permute(2, 0, 1)[None] / 255
    kr, kb = Matrix.BT601.value
    luma = (rgb * torch.tensor([kr, 1 - kr - kb, kb]).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)
    model = Predictor.load(DEFAULT_WEIGHTS, device="cpu")
    small = shrink(luma, Colorist(model).extent(*luma.shape[-2:]))
    ab = read(model.predict(lightness_of_luma(small), mirrored=True), model.card.decoding(0.0))
    truth = rgb_to_lab(shrink(rgb, small.shape[-2:]))[:, 1:]
    assert ab[0, 1].median() < -10
    assert (ab - truth).square().mean() < truth.square().mean()
