"""A `ColourModel` that runs the network: device, precision, batches, and what happens when memory runs out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn

from colorizer.model.device import BatchLimit, bfloat16_is_faster, choose_device
from colorizer.model.network import AB_SCALE, STRIDE, Network, fold_normalisation
from colorizer.model.padding import pad
from colorizer.model.prediction import Prediction
from colorizer.model.upright import TURNS, Pose, UprightHead, join_mirrored, join_views, load_head
from colorizer.model.weights import WeightsCard, load_weights
from colorizer.weights_path import weights_hash

_WHITE = 100.0
"""L of white."""
_COMMON = 1.25
"""How much surer the turn of pictures that lie alike must be: a wrong one spoils a film, which has more of them."""
_PAIR = 2
"""Number of pictures that go through the network together on a CPU."""
_MOST = 64
"""Largest number of pictures that go through the network together on another device."""


class Predictor:
    """The network on its device: loaded once, called many times.

    On a CPU the prediction of a picture does not depend on the other pictures of the batch, bit for bit: oneDNN adds in
    another order for one picture than for two, so pictures go through the network in pairs. A picture that has no
    partner is paired with itself.
    """

    stride = STRIDE

    def __init__(
        self,
        network: Network,
        card: WeightsCard,
        device: torch.device,
        weights: str = "",
        upright: UprightHead | None = None,
    ) -> None:
        """Move a network to a device.

        Args:
            network: in evaluation mode; it is changed: its normalisations are folded into its convolutions.
            card: the description of the network.
            device: where the network runs.
            weights: hash of the weights file.
            upright: finds pictures on their side, and negatives; None: a head that is never sure.

        """
        self.card = card
        self.weights = weights
        self.device = device
        self._precision = torch.bfloat16 if bfloat16_is_faster(device) else torch.float32
        fold_normalisation(network)
        self._network = network.to(device).to(memory_format=torch.channels_last)
        _round_weights(self._network, self._precision)
        self._upright = (upright or UprightHead()).to(device)
        self._limit = BatchLimit(_PAIR if device.type == "cpu" else _MOST, device)

    @classmethod
    def load(cls, weights: Path, *, device: str = "auto") -> Self:
        """Load a weights file onto a device.

        Raises:
            WeightsError: see `load_weights` and `upright.load_head`.
            DeviceError: see `choose_device`.

        """
        network, card = load_weights(weights)
        return cls(network, card, choose_device(device), weights_hash(weights), load_head(weights))

    @property
    def batch(self) -> int:
        """Number of pictures that go through the network at once, at present."""
        return self._limit.most

    @torch.inference_mode()
    def predict(self, lightness: Tensor, *, mirrored: bool = False) -> Prediction:
        """Predict the colours of a batch of pictures; see `ColourModel.predict`.

        The mean with the mirror image has 0.8% less error. On a CPU it costs nothing for a single picture.

        """
        padded, padding = pad(lightness.to(self.device), STRIDE)
        run = self._run_mirrored if mirrored else self._run_paired
        parts = self._limit.in_parts(run, padded, copies=1 + mirrored)
        output, votes = torch.cat([part[0] for part in parts]), [part[1] for part in parts]
        regression = self.card.architecture.head == "regression"
        return Prediction(
            output=output * AB_SCALE if regression else output,
            bins=None if regression else self._network.bins,
            lightness=padded,
            padding=padding,
            group=_PAIR // (1 + mirrored) if self.device.type == "cpu" else len(padded),
            votes=torch.cat(votes) if mirrored else None,
        )

    @torch.inference_mode()
    def poses_of(self, lightness: Tensor, prediction: Prediction) -> list[Pose]:
        """Find out which pictures are turned, and which are negatives; see `ColourModel.poses_of`."""
        if prediction.votes is None:
            return [Pose()] * len(lightness)
        pictures = lightness.to(self.device).split(1)
        return [self._pose_of([picture], votes, 1.0) for picture, votes in zip(pictures, prediction.votes, strict=True)]

    @torch.inference_mode()
    def common_pose(self, pictures: Sequence[Tensor]) -> Pose:
        """Find out the pose of pictures that lie alike; see `ColourModel.common_pose`."""
        return self._pose_of(pictures, self._look(pictures, 0), _COMMON)

    def _pose_of(self, pictures: Sequence[Tensor], votes: Tensor, margin: float) -> Pose:
        """The pose of pictures (1, 1, h, w) that lie alike, by the mean votes (5,) for them as they are."""
        if self._upright.suspects_negative(votes):
            inverse = self._look([_WHITE - picture for picture in pictures], 0)
            if self._upright.is_negative(votes, inverse):
                return Pose(is_negative=True)
        if not self._upright.suspects_turn(votes):
            return Pose()
        others = [self._look(pictures, turn) for turn in (1, 2, 3)]
        return Pose(self._upright.decide(join_views(torch.stack((votes, *others))), margin))

    def _look(self, pictures: Sequence[Tensor], turn: int) -> Tensor:
        """The mean votes (5,) for pictures (1, 1, h, w) in one turn."""
        return torch.stack([self._look_at(picture.rot90(turn, (-2, -1))) for picture in pictures]).mean(dim=0)

    def _look_at(self, lightness: Tensor) -> Tensor:
        """The votes (5,) for one view of a picture (1, 1, h, w)."""
        lightness = lightness.to(self.device)
        padded, _ = pad(lightness, STRIDE)
        both = torch.cat((padded, padded.flip(-1)))
        return join_mirrored(*torch.cat(self._limit.in_parts(lambda views: self._vote(self._encode(views)), both)))

    def _run_mirrored(self, padded: Tensor) -> tuple[Tensor, Tensor]:
        features = self._encode(torch.cat((padded, padded.flip(-1))))
        output, mirrored = self._decode(features).chunk(2)
        return (output + mirrored.flip(-1)) / 2, join_mirrored(*self._vote(features).chunk(2))

    def _run_paired(self, padded: Tensor) -> tuple[Tensor, Tensor]:
        pair = self.device.type == "cpu" and len(padded) < _PAIR
        output = self._decode(self._encode(padded.expand(_PAIR, -1, -1, -1) if pair else padded))
        return output[: len(padded)], output.new_zeros(len(padded), TURNS + 1)

    def _encode(self, padded: Tensor) -> list[Tensor]:
        with self._autocast():
            return self._network.encode(padded.contiguous(memory_format=torch.channels_last))

    def _decode(self, features: list[Tensor]) -> Tensor:
        with self._autocast():
            return self._network.decode(features).float()

    def _vote(self, features: list[Tensor]) -> Tensor:
        """The votes of the head for each picture, (N, 5)."""
        _, fine, coarse, _ = features
        votes: Tensor = self._upright(fine, coarse)
        return votes

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, self._precision, enabled=self._precision != torch.float32)


def _round_weights(network: nn.Module, precision: torch.dtype) -> None:
    """Round the weights of convolutions and linear layers in place, as each call would do otherwise: the same bits."""
    for layer in network.modules():
        if type(layer) in {nn.Conv2d, nn.Linear}:  # not the linear layers of an attention, which has other weights too
            layer.to(precision)
