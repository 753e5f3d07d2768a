"""Tests of training/measure/frechet.py."""

from pathlib import Path

import pytest
import torch
import torchvision
from torchmetrics.image.fid import FrechetInceptionDistance

from colorizer.errors import WeightsError
from training.measure.frechet import FEATURES, Inception, frechet_distance


class Known(torch.nn.Module):
    """Replaces the network by given features."""

    num_features = 32

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """The given features."""
        return features


def test_the_distance_grows_with_the_difference() -> None:
    """The distance of a set from itself is 0, and from its shifted copy the square of the shift."""
    features = list(torch.randn(40, 64, generator=torch.Generator().manual_seed(0)) * 0.01)
    assert frechet_distance(features, features) == pytest.approx(0, abs=1e-2)
    shifted = [one + torch.nn.functional.one_hot(torch.tensor(0), 64) * 3 for one in features]
    assert frechet_distance(shifted, features) == pytest.approx(9, abs=0.1)


@pytest.mark.parametrize("pictures", [5, 90], ids=["fewer than features", "more"])
def test_the_distance_is_torchmetrics(pictures: int) -> None:
    """The formula uses the eigenvalues of the product of the covariances."""
    seed = torch.Generator().manual_seed(pictures)
    one, other = (torch.randn(pictures, 32, generator=seed) @ torch.randn(32, 32, generator=seed) for _ in range(2))
    reference = FrechetInceptionDistance(feature=Known())
    reference.update(other, real=True)
    reference.update(one, real=False)
    assert frechet_distance(list(one), list(other)) == pytest.approx(float(reference.compute()), rel=1e-3)


def test_a_file_of_torchvisions_inception_is_taken(tmp_path: Path) -> None:
    """A picture of any size has features; another file is refused."""
    network = torchvision.models.inception_v3(weights=None, init_weights=False)
    torch.save(network.state_dict(), tmp_path / "inception.pth")
    inception = Inception(tmp_path / "inception.pth", torch.device("cpu"))
    grey, coloured = torch.full((3, 80, 120), 0.5), torch.rand(3, 80, 120)
    assert inception.features(coloured).shape == (FEATURES,)
    assert not torch.equal(inception.features(coloured), inception.features(grey))
    torch.save({"a": torch.ones(1)}, tmp_path / "other.pth")
    with pytest.raises(WeightsError, match="inception_v3"):
        Inception(tmp_path / "other.pth", torch.device("cpu"))
