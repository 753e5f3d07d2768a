"""From luma to chroma, with any colour model. Knows nothing of files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from math import ceil, sqrt

import torch
from torch import Tensor
from torch.nn import functional

from colorizer.model.chroma import ChromaFit, chroma_of, fade_in_darkness, fit_chroma
from colorizer.model.colour_model import ColourModel
from colorizer.model.decoding import Decoding
from colorizer.model.device import BatchLimit, threads_for
from colorizer.model.expected_colour import expected_colour
from colorizer.model.lab import Matrix, lightness_of_luma
from colorizer.model.prediction import Prediction, read
from colorizer.model.upright import Pose
from colorizer.settings import WorkingSize

LONGEST = 4
"""A working picture has at most as many pixels as this many squares of the working size."""
_MOST, _MOST_ON_CPU = 64, 2
"""Largest numbers of pictures that are fitted at once; a processor's cache holds few."""


class Colorist:
    """Chooses chroma for luma: predicts colours at the working size and fits chroma to the luma."""

    def __init__(
        self, model: ColourModel, working_size: WorkingSize = "auto", decoding: Decoding | None = None
    ) -> None:
        """Bind a model to a working size and a decoding.

        Args:
            model: predicts the colours.
            working_size: "auto" is the size in the model's card.
            decoding: how predictions are read; None is `vividness: auto`.

        """
        self._model = model
        self._working_size = self.usual_size if working_size == "auto" else working_size
        self._decoding = decoding or model.card.decoding("auto")
        self._limit = BatchLimit(_MOST_ON_CPU if model.device.type == "cpu" else _MOST, model.device)
        self._asked: tuple[Tensor, Prediction] | None = None

    @property
    def device(self) -> torch.device:
        """The device of the fits."""
        return self._model.device

    @property
    def weights(self) -> str:
        """Hash of the weights."""
        return self._model.weights

    @property
    def usual_size(self) -> int:
        """The working size "auto": the short side in pixels for which the network was made."""
        return self._model.card.working_size

    def extent(self, height: int, width: int) -> tuple[int, int]:
        """Height and width at which the colours of a picture of this height and width are predicted."""
        if self._working_size == "native":
            return height, width
        return working_extent(height, width, self._working_size)

    @torch.inference_mode()
    def fit(self, luma: Tensor, matrix: Matrix, *, mirrored: bool = False) -> ChromaFit:
        """Choose the chroma of pictures.

        Args:
            luma: float32, 0..1, (N, 1, h, w), already at the working size (see `extent`).
            matrix: the matrix of the Y'CbCr that the chroma is for.
            mirrored: see `ColourModel.predict`.

        Returns:
            The fit, a function of the luma of the full-sized picture.

        Raises:
            DeviceError: the device's memory does not hold even one picture.

        """
        fits = self._limit.in_parts(partial(self._fit, matrix=matrix, mirrored=mirrored), luma.to(self.device))
        return _joined(fits)

    @torch.inference_mode()
    def fit_upright(self, luma: Tensor, matrix: Matrix, *, turn: bool = True) -> tuple[ChromaFit, list[Pose]]:
        """Choose the chroma of pictures as `fit` does with mirror images; the network sees each of them upright.

        Args:
            luma: see `fit`.
            matrix: see `fit`.
            turn: whether the network may see them turned.

        Returns:
            The fit of the pictures as they are, and the pose of each; see `ColourModel.poses_of`.

        Raises:
            DeviceError: see `fit`.

        """
        parts = self._limit.in_parts(partial(self._fit_upright, matrix=matrix, turn=turn), luma.to(self.device))
        return _joined([fit for fit, _ in parts]), [pose for _, poses in parts for pose in poses]

    @torch.inference_mode()
    def common_pose(self, luma: Sequence[Tensor]) -> Pose:
        """Find out how pictures lie that all lie alike, and whether they are negatives.

        Args:
            luma: of one or more pictures, float32, 0..1, (1, 1, h, w) each, at the usual size.

        Raises:
            DeviceError: see `fit`.

        """
        return self._model.common_pose([lightness_of_luma(one) for one in luma])

    @torch.inference_mode()
    def colours(self, luma: Tensor) -> Tensor:
        """Choose the colours of pictures, as ab, float32, (N, 2, h, w); see `fit`, which `fit_colours` completes."""
        return torch.cat(self._limit.in_parts(partial(self._colours, mirrored=False), luma.to(self.device)))

    @torch.inference_mode()
    def expect(self, luma: Tensor) -> Tensor | None:
        """The moments of the colours that a picture may have, on the CPU; see `expected_colour`.

        The prediction is kept until the colours of the same luma are chosen, or another picture is asked about.

        Args:
            luma: float32, 0..1, (1, 1, h, w), at the working size.

        Raises:
            DeviceError: see `fit`.

        """
        self._asked = None  # at the working size `native`, two predictions may not fit into the memory
        (moments,) = self._limit.in_parts(self._expect, luma.to(self.device))
        return moments

    def _expect(self, luma: Tensor) -> Tensor | None:
        lightness = lightness_of_luma(luma)
        prediction = self._model.predict(lightness, mirrored=True)
        moments = expected_colour(prediction, self._decoding.temperature)
        self._asked = lightness, prediction
        return None if moments is None else moments.cpu()

    def _fit(self, luma: Tensor, matrix: Matrix, *, mirrored: bool) -> ChromaFit:
        return fit_colours(luma, self._colours(luma, mirrored=mirrored), matrix)

    def _fit_upright(self, luma: Tensor, matrix: Matrix, *, turn: bool) -> tuple[ChromaFit, list[Pose]]:
        lightness = lightness_of_luma(luma).split(self._model.batch)
        parts = [self._upright_colours(part, may_turn=turn) for part in lightness]
        ab = torch.cat([colours for colours, _ in parts])
        return fit_colours(luma, ab, matrix), [pose for _, poses in parts for pose in poses]

    def _upright_colours(self, lightness: Tensor, *, may_turn: bool) -> tuple[Tensor, list[Pose]]:
        """The colours of pictures (N, 1, h, w) as the network sees them upright, (N, 2, h, w), and their poses."""
        prediction = self._predict(lightness, mirrored=True)
        ab = read(prediction, self._decoding)
        found = self._model.poses_of(lightness, prediction)
        poses = found if may_turn else [replace(pose, turn=0) for pose in found]
        for number, turn in enumerate(pose.turn for pose in poses):
            if turn:
                upright = lightness[number : number + 1].rot90(-turn, (-2, -1))
                seen = read(self._model.predict(upright, mirrored=True), self._decoding)
                ab[number] = seen[0].rot90(turn, (-2, -1))
        return ab, poses

    def _colours(self, luma: Tensor, *, mirrored: bool) -> Tensor:
        # A distribution takes 130 times the memory of its colours, so each part is read before the next is predicted.
        parts = lightness_of_luma(luma).split(self._model.batch)
        return torch.cat([read(self._predict(part, mirrored=mirrored), self._decoding) for part in parts])

    def _predict(self, lightness: Tensor, *, mirrored: bool) -> Prediction:
        asked = self._asked
        if mirrored and asked is not None and torch.equal(asked[0], lightness):
            self._asked = None
            return asked[1]
        return self._model.predict(lightness, mirrored=mirrored)


def _joined(fits: Sequence[ChromaFit]) -> ChromaFit:
    return ChromaFit(torch.cat([fit.slope for fit in fits]), torch.cat([fit.offset for fit in fits]))


@torch.inference_mode()
def fit_colours(luma: Tensor, ab: Tensor, matrix: Matrix) -> ChromaFit:
    """Fit the chroma of colours (N, 2, h, w) to their luma (N, 1, h, w)."""
    with threads_for(luma):
        return fit_chroma(luma, fade_in_darkness(luma, chroma_of(luma, ab, matrix)))


def working_extent(height: int, width: int, size: int) -> tuple[int, int]:
    """Scale a height and width so that the short side is `size`, and a long strip has at most `LONGEST` squares."""
    scale = min(size / min(height, width), size * sqrt(LONGEST / (height * width)))
    return max(1, ceil(height * scale - 0.5)), max(1, ceil(width * scale - 0.5))


def shrink(luma: Tensor, extent: tuple[int, int]) -> Tensor:
    """Bring luma (N, 1, H, W) to the working size by the mean over each new pixel's area, or by enlarging it."""
    if tuple(luma.shape[-2:]) == extent:
        return luma
    if extent[1] == 1 < extent[0]:  # torch 2.15 gives all lines of a single column the values of the first one
        return shrink(luma.mT, extent[::-1]).mT
    return functional.interpolate(luma, size=extent, mode="bilinear", antialias=True)
