"""Weights files: safetensors with the network's architecture and calibration in the metadata."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from colorizer.errors import SettingsError, WeightsError
from colorizer.model.decoding import LEAST_SQUARES, Decoding
from colorizer.model.network import Architecture, Network

_METADATA_KEY = "tintd"


class Calibration(BaseModel):
    """How a distribution is read as a colour (see `decoding.decode`), measured with the weights."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: PositiveFloat = 1.0
    """The temperature at which the mean has the least error."""
    spread: NonNegativeFloat = 18.0
    """Standard deviation, in ab units, that the most vivid colours of a picture have more than its mean colours."""
    vividness: float = Field(default=0.5, ge=0, le=1)
    """The vividness at which colourfulness is about the truth's: the meaning of `vividness: auto`."""
    log_prior: tuple[float, ...] = ()
    """Logarithm of each bin's share of the training photographs' pixels; evaluation weights rare colours with it."""

    @model_validator(mode="before")
    @classmethod
    def _drop_gain(cls, values: dict[str, object]) -> dict[str, object]:
        """Drop the gain in files of version 0.1, which read the distribution in another way."""
        return {name: value for name, value in values.items() if name != "vivid_gain"}

    def decoding(self, vividness: float) -> Decoding:
        """How the distribution is read, from the mean (vividness 0) to the most vivid colours (1)."""
        return Decoding(self.temperature, vividness, self.spread)


class WeightsCard(BaseModel):
    """The description of the weights in their file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    architecture: Architecture
    working_size: PositiveInt
    """Short side at which the network has the least error: the meaning of `working_size: auto`."""
    calibration: Calibration | None = None
    """None for a regression head, which has one answer."""
    mean_colours: tuple[tuple[float, float], ...] = ()
    """Mean a and b of the training photographs in equal steps of lightness, the baseline of evaluation."""
    terms: str = ""
    """Terms under which the weights may be used."""
    notes: dict[str, str] = {}
    """Recipe, metrics and origin, for people."""

    def decoding(self, vividness: float | Literal["auto"]) -> Decoding:
        """How the network's output is read at a vividness; from a regression head there is one way.

        Raises:
            SettingsError: a vividness is given for a regression head.

        """
        if self.calibration is not None:
            return self.calibration.decoding(self.calibration.vividness if vividness == "auto" else vividness)
        if vividness != "auto":
            raise SettingsError("vividness: these weights have a regression head, which has one answer; use `auto`")
        return LEAST_SQUARES


def save_weights(path: Path, network: Network, card: WeightsCard) -> None:
    """Write a network's weights: convolutions and matrices in float16, the rest in float32.

    The file gets the mode of any new file. safetensors' own function makes it unreadable for the service's user.

    """
    tensors = {name: _compact(tensor) for name, tensor in network.state_dict().items()}
    path.write_bytes(save(tensors, metadata={_METADATA_KEY: card.model_dump_json()}))


def load_card(path: Path) -> WeightsCard:
    """Read the card of a weights file, without its tensors.

    Raises:
        WeightsError: the file is missing or damaged, or tintd did not make it.

    """
    return _read(path)[0]


def load_weights(path: Path) -> tuple[Network, WeightsCard]:
    """Build the network of a weights file, in float32 and evaluation mode, and read its card.

    Raises:
        WeightsError: the file is missing or damaged, or tintd did not make it.

    """
    card, tensors = _read(path, with_tensors=True)
    network = Network(card.architecture)
    try:
        network.load_state_dict({name: _widen(tensor) for name, tensor in tensors.items()})
    except RuntimeError as error:
        raise WeightsError(f"{path}: the tensors do not fit the architecture named in the file: {error}") from error
    if not all(tensor.isfinite().all() for tensor in network.state_dict().values()):
        raise WeightsError(f"{path}: some of the weights are not finite numbers; the file is damaged")
    return network.eval(), card


def _read(path: Path, *, with_tensors: bool = False) -> tuple[WeightsCard, dict[str, Tensor]]:
    if not path.is_file():
        raise WeightsError(f"{path}: there is no weights file here; check the setting `weights`")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = (file.metadata() or {}).get(_METADATA_KEY)
            tensors = {name: file.get_tensor(name) for name in file.keys()} if with_tensors else {}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path}: not a safetensors file, or a damaged one ({error})") from error
    if metadata is None:
        raise WeightsError(f"{path}: a safetensors file, but not of tintd: it names no architecture")
    try:
        return WeightsCard.model_validate_json(metadata), tensors
    except ValidationError as error:
        raise WeightsError(f"{path}: made by another version of tintd: {error}") from error


def _compact(tensor: Tensor) -> Tensor:
    """Half precision for large tensors; biases and the statistics of normalisations stay exact."""
    return tensor.to(torch.float16 if tensor.dim() > 1 and tensor.is_floating_point() else tensor.dtype).contiguous()


def _widen(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.is_floating_point() else tensor
