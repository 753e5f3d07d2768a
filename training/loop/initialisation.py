"""First weights: torchvision's ImageNet weights or a file for the encoder, or a weights file for all of a network."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Literal, cast

import torch
import torchvision
from torch import Tensor, nn

from colorizer.errors import WeightsError
from colorizer.model.network import Architecture, Network
from colorizer.model.weights import load_weights
from training.state_dict import read_state_dict

_PREFIXES = ("module.grey.", "module.encoder.resnet.")
"""Prefixes of the grey ResNet's tensors in the checkpoints of a classifier and a colorizer."""

State = OrderedDict[str, Tensor] | dict[str, Tensor]


def load_network(weights: Path, architecture: Architecture) -> Network:
    """Load the network of a weights file, to train it further.

    Raises:
        WeightsError: the file is missing or damaged, or its network has another architecture.

    """
    learnt, card = load_weights(weights)
    if card.architecture.model_copy(update={"dropout": architecture.dropout}) != architecture:
        raise WeightsError(f"{weights}: the architecture is not the recipe's: {card.architecture.model_dump()}")
    network = Network(architecture)
    network.load_state_dict(learnt.state_dict())
    return network


def start_encoder(network: Network, start: Path | Literal["torchvision"] | None) -> list[str]:
    """Load the first weights of a colorizer's encoder; see `load_resnet`."""
    return load_resnet(network.encoder.resnet, network.architecture.encoder, start)


def load_resnet(resnet: nn.Module, name: str, start: Path | Literal["torchvision"] | None) -> list[str]:
    """Load the first weights of a ResNet, except those of its classifier.

    Args:
        resnet: has one or three input channels.
        name: torchvision's name of its architecture.
        start: path of a ResNet state dict with torchvision's names, or of a run's checkpoint that contains a grey
            ResNet; "torchvision" for its ImageNet weights (downloaded once, then cached); or None.

    Returns:
        Names of the tensors that the source does not contain: they start at random.

    Raises:
        WeightsError: the file is not a state dict of this ResNet, or torchvision's weights cannot be downloaded.

    """
    if start is None:
        return [name for name, _ in resnet.named_parameters()]
    if start == "torchvision":
        return _load(resnet, _fetch(name), "torchvision")
    return _load(resnet, _grey_resnet(read_state_dict(start)), str(start))


def _fetch(name: str) -> State:
    weights = torchvision.models.get_model_weights(name).DEFAULT
    try:
        state: State = weights.get_state_dict(progress=True, check_hash=True)
    except (OSError, RuntimeError) as error:
        raise WeightsError(
            f"torchvision's weights cannot be downloaded ({error}); get {weights.url} by other means, and name "
            "the file as `encoder.start`"
        ) from error
    return state


def sum_channels(convolution: nn.Conv2d) -> nn.Conv2d:
    """Sum a convolution over RGB: for a grey picture, the result equals that of the original for the picture in RGB."""
    grey = nn.Conv2d(
        1,
        convolution.out_channels,
        kernel_size=convolution.kernel_size,  # type: ignore[arg-type]
        stride=convolution.stride,  # type: ignore[arg-type]
        padding=convolution.padding,  # type: ignore[arg-type]
        bias=False,
    )
    grey.weight = nn.Parameter(convolution.weight.detach().sum(dim=1, keepdim=True))
    return grey


def start_notes(lacking: list[str]) -> list[str]:
    """A note for people about tensors of the encoder that start at random, if there are any."""
    return [f"{len(lacking)} tensors of the encoder start at random, the first is {lacking[0]}"] if lacking else []


@torch.no_grad()
def restore_normalisation(network: nn.Module, *inputs: Tensor) -> None:
    """Restore batch normalisations that were folded into their convolutions, without changing the network's output.

    Each takes the mean and variance of its own input over the network's `inputs`, and a scale and shift that undo them.
    Normalisations that were not folded stay as they are.

    """
    handles = [
        module.register_forward_pre_hook(_restore)
        for module in network.modules()
        if isinstance(module, nn.BatchNorm2d) and _is_folded(module)
    ]
    network.eval()
    network(*inputs)
    network.train()
    for handle in handles:
        handle.remove()


def _is_folded(norm: nn.BatchNorm2d) -> bool:
    mean, variance = _statistics(norm)
    still = bool((norm.weight == 1).all() and (mean == 0).all() and (variance == 1).all())
    return still and bool((norm.bias != 0).any())


def _restore(module: nn.Module, inputs: tuple[Tensor]) -> None:
    norm = cast("nn.BatchNorm2d", module)
    running_mean, running_variance = _statistics(norm)
    variance, mean = torch.var_mean(inputs[0].float(), dim=(0, 2, 3), correction=0)
    running_mean.copy_(mean)
    running_variance.copy_(variance)
    norm.weight.copy_((variance + norm.eps).sqrt())
    norm.bias.add_(mean)


def _statistics(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    return cast("Tensor", norm.running_mean), cast("Tensor", norm.running_var)


def _grey_resnet(state: State) -> State:
    """The grey ResNet of a checkpoint; another state dict is returned as it is."""
    for prefix in _PREFIXES:
        if f"{prefix}conv1.weight" in state:
            return {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}
    return state


def _load(resnet: nn.Module, state: State, source: str) -> list[str]:
    own = {name: tensor for name, tensor in resnet.state_dict().items() if not name.startswith("fc.")}
    known = {name: tensor for name, tensor in state.items() if name in own}
    if "conv1.weight" not in known:
        raise WeightsError(f"{source}: not a ResNet state dict with torchvision's names: conv1.weight is missing")
    if own["conv1.weight"].shape[1] == 1:
        known["conv1.weight"] = known["conv1.weight"].sum(dim=1, keepdim=True)
    misfits = [name for name, tensor in known.items() if tensor.shape != own[name].shape]
    if misfits:
        raise WeightsError(f"{source}: not this ResNet: {misfits[0]} has another shape")
    deeper = [name for name in state if name.startswith("layer") and name not in own]
    if deeper:
        raise WeightsError(f"{source}: for a deeper ResNet than the recipe's, which has no {deeper[0]}")
    resnet.load_state_dict(known, strict=False)
    counters = {name for name in own if name.endswith("num_batches_tracked")}
    return sorted(own.keys() - known.keys() - counters)
