"""A network's first weights: for its encoder torchvision's ImageNet weights or a file, for all of it a weights file."""

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
from training.loop.checkpoint import read_checkpoint

_PREFIXES = ("module.grey.", "module.encoder.resnet.")
"""Of the grey ResNet's tensors in the checkpoints of a classifier and a colorizer."""

State = OrderedDict[str, Tensor] | dict[str, Tensor]


def load_network(weights: Path, architecture: Architecture) -> Network:
    """The network of a weights file, to learn on.

    Raises:
        WeightsError: the file is missing or damaged, or its network is of another architecture.

    """
    learnt, card = load_weights(weights)
    if card.architecture.model_copy(update={"dropout": architecture.dropout}) != architecture:
        raise WeightsError(f"{weights}: of another architecture than the recipe's: {card.architecture.model_dump()}")
    network = Network(architecture)
    network.load_state_dict(learnt.state_dict())
    return network


def start_encoder(network: Network, start: Path | Literal["torchvision"] | None) -> list[str]:
    """Give a colorizer's encoder its first weights; see `load_resnet`."""
    return load_resnet(network.encoder.resnet, network.architecture.encoder, start)


def load_resnet(resnet: nn.Module, name: str, start: Path | Literal["torchvision"] | None) -> list[str]:
    """Give a ResNet its first weights, all but its classifier's.

    Args:
        resnet: of one input channel or three.
        name: torchvision's, of its kind.
        start: a ResNet state dict in torchvision's names by path, or a run's checkpoint, for its grey ResNet;
            "torchvision" for its ImageNet weights (fetched once, then cached); or None.

    Returns:
        Names of the tensors that the source does not hold and that start from random.

    Raises:
        WeightsError: the file is no state dict of this ResNet, or torchvision's cannot be fetched.

    """
    if start is None:
        return [name for name, _ in resnet.named_parameters()]
    if start == "torchvision":
        return _load(resnet, _fetch(name), "torchvision")
    return _load(resnet, _grey_resnet(read_state(start)), str(start))


def _fetch(name: str) -> State:
    weights = torchvision.models.get_model_weights(name).DEFAULT
    try:
        state: State = weights.get_state_dict(progress=True, check_hash=True)
    except (OSError, RuntimeError) as error:
        raise WeightsError(
            f"torchvision's weights cannot be fetched ({error}); get {weights.url} by other means, and name the file "
            "as `encoder.start`"
        ) from error
    return state


def said_of_start(lacking: list[str]) -> list[str]:
    """What people should know of a start that lacks these of the encoder's tensors."""
    return [f"{len(lacking)} tensors of the encoder begin at random, {lacking[0]} the first"] if lacking else []


@torch.no_grad()
def revive_normalisation(network: nn.Module, *inputs: Tensor) -> None:
    """Make batch normalisations that were folded into their convolutions normalise again, with the same answer.

    Each, in order, takes mean and variance from its own input's statistics over the network's `inputs`, and scale
    and shift that undo them. Normalisations that do something already are left alone.

    """
    handles = [
        module.register_forward_pre_hook(_revive)
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


def _revive(module: nn.Module, inputs: tuple[Tensor]) -> None:
    norm = cast("nn.BatchNorm2d", module)
    running_mean, running_variance = _statistics(norm)
    variance, mean = torch.var_mean(inputs[0].float(), dim=(0, 2, 3), correction=0)
    running_mean.copy_(mean)
    running_variance.copy_(variance)
    norm.weight.copy_((variance + norm.eps).sqrt())
    norm.bias.add_(mean)


def _statistics(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    return cast("Tensor", norm.running_mean), cast("Tensor", norm.running_var)


def read_state(path: Path) -> State:
    """Read a state dict, or the averaged weights of a checkpoint.

    Raises:
        WeightsError: the file holds neither.

    """
    state = read_checkpoint(path)
    return cast("State", state.get("average", state.get("state_dict", state)))


def _grey_resnet(state: State) -> State:
    """The part of a checkpoint that is its grey ResNet; what is no checkpoint as it is."""
    for prefix in _PREFIXES:
        if f"{prefix}conv1.weight" in state:
            return {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}
    return state


def _load(resnet: nn.Module, state: State, source: str) -> list[str]:
    own = {name: tensor for name, tensor in resnet.state_dict().items() if not name.startswith("fc.")}
    known = {name: tensor for name, tensor in state.items() if name in own}
    if "conv1.weight" not in known:
        raise WeightsError(f"{source}: no ResNet state dict in torchvision's names: conv1.weight is missing")
    if own["conv1.weight"].shape[1] == 1:
        known["conv1.weight"] = known["conv1.weight"].sum(dim=1, keepdim=True)
    misfits = [name for name, tensor in known.items() if tensor.shape != own[name].shape]
    if misfits:
        raise WeightsError(f"{source}: not this ResNet: {misfits[0]} has another shape")
    deeper = [name for name in state if name.startswith("layer") and name not in own]
    if deeper:
        raise WeightsError(f"{source}: of a deeper ResNet than the recipe's, which has no {deeper[0]}")
    resnet.load_state_dict(known, strict=False)
    counters = {name for name in own if name.endswith("num_batches_tracked")}
    return sorted(own.keys() - known.keys() - counters)
