"""From lightness to ab: weights, device, precision, batching and what to do when the device's memory runs out."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from colorizer.errors import DeviceError, SettingsError
from colorizer.model.bins import LEAST_SQUARES, Reading
from colorizer.model.chroma import sharpen
from colorizer.model.device import choose_device, gains_by_bfloat16
from colorizer.model.network import STRIDE, fold_normalisation
from colorizer.model.padding import crop, pad
from colorizer.model.weights import WeightsCard, load_weights, weights_hash

_PAIR = 2
"""Pictures that go through the network together on a CPU."""
_MOST = 64
"""Pictures that go through together elsewhere, as long as memory lasts."""


class Predictor:
    """A network that is ready to colour: loaded once, asked many times.

    On a CPU a picture's answer does not depend on the pictures beside it, not in one bit: they go through in pairs, the
    last of an odd number beside itself, because oneDNN sums one picture in another order than two.

    """

    def __init__(self, weights: Path, *, device: str = "auto", vividness: float | Literal["auto"] = "auto") -> None:
        """Load the weights onto the device.

        Raises:
            WeightsError: see `load_weights`.
            DeviceError: see `choose_device`.
            SettingsError: a vividness for weights that have only one answer.

        """
        network, self.card = load_weights(weights)
        self.weights = weights_hash(weights)
        self.device = choose_device(device)
        self._precision = torch.bfloat16 if gains_by_bfloat16(self.device) else torch.float32
        fold_normalisation(network)
        self._network = network.to(self.device).to(memory_format=torch.channels_last)
        self._reading = _reading_of(self.card, vividness)
        self._most = _PAIR if self.device.type == "cpu" else _MOST

    @torch.inference_mode()
    def predict(self, lightness: Tensor, *, mirrored: bool = False) -> Tensor:
        """Choose the colours of a batch of pictures.

        Args:
            lightness: L, float32, 0..100, (N, 1, H, W), on any device.
            mirrored: ask about each picture's mirror image too and take the mean, which errs a little less (0.8% of the
                error); free for one picture on a CPU.

        Returns:
            ab, float32, (N, 2, H, W), on the predictor's device.

        Raises:
            DeviceError: not even one picture fits into the device's memory.

        """
        answers: list[Tensor] = []
        done = 0
        while done < len(lightness):
            part = lightness[done : done + max(1, self._most // (1 + mirrored))].to(self.device)
            try:
                answers.append(self._predict(part, mirrored=mirrored))
            except torch.OutOfMemoryError as error:
                self._halve(len(part), error)
                continue
            done += len(part)
        return torch.cat(answers)

    def _predict(self, lightness: Tensor, *, mirrored: bool) -> Tensor:
        padded, padding = pad(lightness, STRIDE)
        if mirrored:
            one, mirror = self._ask(torch.cat((padded, padded.flip(-1)))).chunk(2)
            output = (one + mirror.flip(-1)) / 2
        else:
            if self.device.type == "cpu" and len(padded) < _PAIR:
                padded = padded.expand(_PAIR, -1, -1, -1)
            output = self._ask(padded)
        return crop(sharpen(self._network.ab(output, self._reading), padded), padding)[: len(lightness)]

    def _ask(self, padded: Tensor) -> Tensor:
        with torch.autocast(self.device.type, self._precision, enabled=self._precision != torch.float32):
            output: Tensor = self._network(padded.contiguous(memory_format=torch.channels_last))
        return output.float()

    def _halve(self, batch: int, error: torch.OutOfMemoryError) -> None:
        if batch == 1:
            raise DeviceError(
                f"{self.device} has too little memory for one picture; use a smaller `working_size` or `device: cpu`"
            ) from error
        self._most = batch // 2
        torch.cuda.empty_cache()


def _reading_of(card: WeightsCard, vividness: float | Literal["auto"]) -> Reading:
    """How the network's output is read as a colour; a regression head's is one."""
    if card.calibration is not None:
        return card.calibration.reading(card.calibration.vividness if vividness == "auto" else vividness)
    if vividness != "auto":
        raise SettingsError("vividness: these weights have a regression head, which has one answer; use `auto`")
    return LEAST_SQUARES
