"""The interface of a colour model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from colorizer.model.prediction import Prediction
from colorizer.model.upright import Pose
from colorizer.model.weights import WeightsCard


class ColourModel(Protocol):
    """Predicts the colours of pictures from their lightness; `predictor.Predictor` is the one that tintd has."""

    @property
    def card(self) -> WeightsCard:
        """The description that is stored with the weights."""

    @property
    def weights(self) -> str:
        """SHA-256 of the weights file, in hexadecimal."""

    @property
    def device(self) -> torch.device:
        """The device of the predictions."""

    @property
    def stride(self) -> int:
        """Pictures are padded until both sides are multiples of this."""

    @property
    def batch(self) -> int:
        """Number of pictures that the model takes at once; `predict` splits larger batches."""

    def predict(self, lightness: Tensor, *, mirrored: bool = False) -> Prediction:
        """Predict the colours of a batch of pictures.

        Args:
            lightness: L, float32, 0..100, (N, 1, h, w), on any device.
            mirrored: predict the mirror image of each picture too, and take the mean.

        Returns:
            The prediction, which `prediction.read` turns into colours.

        Raises:
            DeviceError: the device's memory does not hold even one picture.

        """

    def poses_of(self, lightness: Tensor, prediction: Prediction) -> list[Pose]:
        """Find out which pictures surely lie on a side or are upside down, and which are negatives.

        Args:
            lightness: L, float32, 0..100, (N, 1, h, w), on any device.
            prediction: of the pictures and their mirror images.

        """

    def common_pose(self, pictures: Sequence[Tensor]) -> Pose:
        """Find out the same of pictures that all lie alike, as the frames of a film do.

        Args:
            pictures: L of one or more, float32, 0..100, (1, 1, h, w) each, on any device.

        Raises:
            DeviceError: see `predict`.

        """
