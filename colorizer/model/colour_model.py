"""The interface of a colour model."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from colorizer.model.prediction import Prediction
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

    def turns_of(self, lightness: Tensor, prediction: Prediction) -> list[int]:
        """Find out by how much pictures are turned.

        Args:
            lightness: L, float32, 0..100, (N, 1, h, w), on any device.
            prediction: of the pictures and their mirror images.

        Returns:
            For each, the number of quarter turns counter-clockwise from upright to the picture; 0 if that is not sure.

        """
