"""Tests of colorizer/model/resnet.py."""

from typing import Literal

import pytest
import torch
import torchvision

from colorizer.model.resnet import ResNet


@pytest.mark.parametrize("name", ["resnet18", "resnet34"])
def test_it_is_the_resnet_of_torchvision(name: Literal["resnet18", "resnet34"]) -> None:
    """With its weights, each layer has the same output, bit for bit."""
    theirs = torchvision.models.get_model(name, weights=None).eval()
    for module in theirs.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.running_mean)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
    ours = ResNet(name, channels=3).eval()
    ours.load_state_dict({key: value for key, value in theirs.state_dict().items() if not key.startswith("fc.")})
    pictures = torch.rand(2, 3, 64, 96)
    with torch.inference_mode():
        features = theirs.maxpool(theirs.relu(theirs.bn1(theirs.conv1(pictures))))
        for output, layer in zip(ours(pictures), ("layer1", "layer2", "layer3", "layer4"), strict=True):
            features = getattr(theirs, layer)(features)
            assert torch.equal(output, features)


def test_a_network_from_random_begins_as_torchvision_does() -> None:
    """The deviation of each convolution's weights is about that of torchvision's."""
    theirs, ours = torchvision.models.resnet18(weights=None).state_dict(), ResNet("resnet18", channels=3).state_dict()
    for name, tensor in ours.items():
        if tensor.dim() == 4:
            torch.testing.assert_close(tensor.std(), theirs[name].std(), rtol=0.1, atol=0)
