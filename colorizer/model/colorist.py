"""The middle of tintd: luma in, chroma out. Knows nothing of files."""

from __future__ import annotations

from math import ceil, sqrt

import torch
from torch import Tensor
from torch.nn import functional

from colorizer.model.chroma import ChromaFit, chroma_of, fit_chroma
from colorizer.model.lab import Matrix, lightness_of_luma
from colorizer.model.predictor import Predictor
from colorizer.settings import WorkingSize

LONGEST = 4
"""A working picture has at most the pixels of one whose long side is this many times its short side's working size."""


class Colorist:
    """Chooses chroma for luma: predicts colour at the working size and explains it by the luma."""

    def __init__(self, predictor: Predictor, working_size: WorkingSize = "auto") -> None:
        self._predictor = predictor
        self._working_size = predictor.card.working_size if working_size == "auto" else working_size

    @property
    def device(self) -> torch.device:
        """Where colour is predicted."""
        return self._predictor.device

    @property
    def weights(self) -> str:
        """Hash of the weights."""
        return self._predictor.weights

    def extent(self, height: int, width: int) -> tuple[int, int]:
        """Height and width at which a picture of this height and width is looked at."""
        if self._working_size == "native":
            return height, width
        return working_extent(height, width, self._working_size)

    @torch.inference_mode()
    def fit(self, luma: Tensor, matrix: Matrix, *, mirrored: bool = False) -> ChromaFit:
        """Choose the chroma of pictures.

        Args:
            luma: float32, 0..1, (N, 1, h, w), already at the working size (see `extent`).
            matrix: of the Y'CbCr that the chroma is for.
            mirrored: see `Predictor.predict`.

        Returns:
            What `chroma.enlarge` needs to give the full-sized picture its chroma.

        """
        luma = luma.to(self._predictor.device)
        ab = self._predictor.predict(lightness_of_luma(luma), mirrored=mirrored)
        return fit_chroma(luma, chroma_of(luma, ab, matrix))


def working_extent(height: int, width: int, size: int) -> tuple[int, int]:
    """Scale a height and width so that the short side is `size`; a long strip is kept to the pixels of 4 squares."""
    scale = min(size / min(height, width), size * sqrt(LONGEST / (height * width)))
    return max(1, ceil(height * scale - 0.5)), max(1, ceil(width * scale - 0.5))


def shrink(luma: Tensor, extent: tuple[int, int]) -> Tensor:
    """Bring luma (N, 1, H, W) to the working size by the mean over each new pixel's area, or by enlarging it."""
    if tuple(luma.shape[-2:]) == extent:
        return luma
    return functional.interpolate(luma, size=extent, mode="bilinear", antialias=True)
