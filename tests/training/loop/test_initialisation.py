"""Tests of training/loop/initialisation.py."""

from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn

from colorizer.errors import WeightsError
from colorizer.model.network import Architecture, Network
from colorizer.model.weights import WeightsCard, save_weights
from training.loop.initialisation import load_network, restore_normalisation, start_encoder, start_notes, sum_channels


def network(encoder: str = "resnet18") -> Network:
    """A small network."""
    return Network(Architecture.model_validate({"encoder": encoder, "widths": (8, 8, 8)}))


def saved(tmp_path: Path, name: str) -> tuple[Path, dict[str, torch.Tensor]]:
    """A torchvision state dict in a file."""
    state = torchvision.models.get_model(name, weights=None).state_dict()
    torch.save(state, tmp_path / "encoder.pth")
    return tmp_path / "encoder.pth", state


@pytest.mark.parametrize("name", ["resnet18", "resnet34"])
def test_any_torchvision_resnet_starts_the_encoder(tmp_path: Path, name: str) -> None:
    """All tensors except the classifier's are loaded, with the first convolution summed over its channels."""
    path, state = saved(tmp_path, name)
    started = network(name)
    assert start_encoder(started, path) == []
    resnet = started.encoder.resnet
    torch.testing.assert_close(resnet.conv1.weight, state["conv1.weight"].sum(dim=1, keepdim=True))
    assert torch.equal(resnet.layer4[1].conv2.weight, state["layer4.1.conv2.weight"])


def test_missing_tensors_are_reported(tmp_path: Path) -> None:
    """Missing tensors are listed, and stay as they were."""
    path, state = saved(tmp_path, "resnet18")
    kept = {name: tensor for name, tensor in state.items() if not name.startswith("layer4")}
    torch.save({name: tensor for name, tensor in kept.items() if not name.endswith("num_batches_tracked")}, path)
    missing = start_encoder(network(), path)
    assert missing
    assert all(name.startswith("layer4") for name in missing)
    assert start_notes(missing) == [f"{len(missing)} tensors of the encoder start at random, the first is {missing[0]}"]
    assert start_notes([]) == []


def test_weights_that_cannot_be_downloaded_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a proxy that does not answer, the message has the URL of the file."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(WeightsError, match=r"cannot be downloaded.*resnet18.*`encoder\.start`"):
        start_encoder(network(), "torchvision")


def test_another_network_is_refused(tmp_path: Path) -> None:
    """The message names the tensor that does not fit."""
    path, _ = saved(tmp_path, "resnet50")
    with pytest.raises(WeightsError, match="another shape"):
        start_encoder(network(), path)
    path, _ = saved(tmp_path, "resnet34")
    with pytest.raises(WeightsError, match=r"deeper ResNet.* no layer1\.2\.conv1\.weight"):
        start_encoder(network(), path)
    torch.save({"a": torch.ones(1)}, path)
    with pytest.raises(WeightsError, match=r"conv1\.weight"):
        start_encoder(network(), path)
    with pytest.raises(WeightsError, match="damaged, or not a file"):
        start_encoder(network(), tmp_path / "nothing.pth")


def test_a_weights_file_of_another_architecture_is_refused(tmp_path: Path) -> None:
    """The message has the file and its architecture."""
    small = network()
    save_weights(tmp_path / "weights", small, WeightsCard(architecture=small.architecture, working_size=64))
    with pytest.raises(WeightsError, match=r"weights: the architecture is not the recipe's.*\(8, 8, 8\)"):
        load_network(tmp_path / "weights", Architecture())


def test_folded_normalisations_are_restored_with_the_same_output() -> None:
    """The output of an encoder with folded batch normalisations stays the same, in evaluation and in training."""
    folded = network()
    for module in folded.encoder.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.bias, std=0.1)
    lightness = torch.rand(8, 1, 64, 64) * 100
    grey = (lightness / 100 - 0.449) / 0.226
    folded.eval()
    with torch.no_grad():
        before = folded.encoder(grey)
    restore_normalisation(folded, lightness)
    for training in (False, True):
        folded.encoder.train(training)
        with torch.no_grad():
            for one, other in zip(folded.encoder(grey), before, strict=True):
                torch.testing.assert_close(one, other, atol=2e-3, rtol=1e-3)
    assert not torch.equal(folded.encoder.resnet.bn1.running_var, torch.ones(64))


def test_a_grey_picture_sees_the_same_first_convolution() -> None:
    """The first convolution, summed over three channels, has the same output for grey as for grey in RGB."""
    convolution = torchvision.models.resnet18(weights=None).conv1
    grey = torch.rand(1, 1, 32, 32)
    expected = convolution(grey.expand(-1, 3, -1, -1))
    torch.testing.assert_close(sum_channels(convolution)(grey), expected, atol=1e-5, rtol=1e-4)
