"""Tests of colorizer/model/network.py."""

import copy

import pytest
import torch
from torch import nn

from colorizer.model.network import Architecture, Network, fold_normalisation

SMALL = (16, 16, 16)


@pytest.mark.parametrize("encoder", ["resnet18", "resnet34"])
@pytest.mark.parametrize(("head", "channels"), [("distribution", 260), ("regression", 2)])
def test_the_output_is_a_quarter_of_the_input(encoder: str, head: str, channels: int) -> None:
    """Both encoders and both heads have outputs at every fourth pixel."""
    architecture = Architecture.model_validate({"encoder": encoder, "head": head, "widths": SMALL})
    network = Network(architecture).eval()
    with torch.inference_mode():
        assert network(torch.rand(2, 1, 160, 256) * 100).shape == (2, channels, 40, 64)


@pytest.mark.parametrize("parts", [{"attention": 2}, {"queries": 5}, {"attention": 1, "queries": 5}])
def test_optional_parts_keep_the_output(parts: dict[str, int]) -> None:
    """Attention at 1/16 and colour queries add tensors to the network, and its output has the same shape."""
    network = Network(Architecture.model_validate({"widths": SMALL, **parts})).eval()
    names = {name.partition(".")[0] for name in network.state_dict()}
    assert parts.keys() <= names
    with torch.inference_mode():
        assert network(torch.rand(1, 1, 64, 96) * 100).shape == (1, 260, 16, 24)


def test_a_network_without_optional_parts_has_the_tensors_of_version_0_1() -> None:
    """So its weights files still load."""
    names = {name.partition(".")[0] for name in Network(Architecture(widths=SMALL)).state_dict()}
    assert names == {"bins", "encoder", "context", "levels", "head"}


@pytest.mark.parametrize("parts", [{}, {"attention": 1, "queries": 5}])
def test_folding_changes_no_answer(parts: dict[str, int]) -> None:
    """With each normalisation folded into its convolution, the output stays the same."""
    network = Network(Architecture.model_validate({"widths": SMALL, **parts})).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.1, 0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    folded = copy.deepcopy(network)
    fold_normalisation(folded)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    lightness = torch.rand(1, 1, 64, 64) * 100
    with torch.inference_mode():
        torch.testing.assert_close(folded(lightness), network(lightness), atol=1e-4, rtol=1e-4)


def test_what_the_queries_attend_to_lies_in_memory_as_attention_wants_it() -> None:
    """Breaks: PyTorch's linear layer copies its weights once for each place, and takes four times as long."""
    network = Network(Architecture(queries=4)).eval()
    layouts = []
    for layer in network.queries.look:
        layer.register_forward_pre_hook(lambda _layer, args: layouts.append(args[1].transpose(0, 1).is_contiguous()))
    with torch.no_grad():
        network(torch.rand(2, 1, 64, 96))
    assert layouts == [True, True]
