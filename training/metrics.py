"""How near a coloured picture is to the truth. R'G'B' are float in 0..1, (3, H, W)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000
from torch import Tensor
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure

from colorizer.lab import rgb_to_lab

LARGEST_ERROR = 150
"""Distance in ab at which the cumulative error curve ends (Zhang et al. 2016, 3.1)."""


def squared_error(result: Tensor, truth: Tensor) -> float:
    """Per-pixel MSE with ab mapped to 0..1 by (ab + 128) / 255, the mean of a and b: the 2019 paper's figure."""
    return float(((_ab(result) - _ab(truth)) / 255).square().mean())


def colourfulness(rgb: Tensor) -> float:
    """Hasler & Suesstrunk (2003), equation 10, with R'G'B' in 0..255."""
    red, green, blue = (rgb * 255).unbind(0)
    red_green, yellow_blue = red - green, (red + green) / 2 - blue
    deviation = torch.hypot(red_green.std(correction=0), yellow_blue.std(correction=0))
    mean = torch.hypot(red_green.mean(), yellow_blue.mean())
    return float(deviation + 0.3 * mean)


def share_of_colour(rgb: Tensor, least: float = 20) -> float:
    """The share of pixels whose chroma in Lab is over `least`."""
    return float((_ab(rgb).norm(dim=0) > least).float().mean())


def signal_to_noise(result: Tensor, truth: Tensor) -> float:
    """PSNR of R'G'B', in dB."""
    return float(peak_signal_noise_ratio(result[None], truth[None], data_range=1.0))


def similarity(result: Tensor, truth: Tensor) -> float:
    """SSIM of R'G'B'."""
    measured = structural_similarity_index_measure(result[None], truth[None], data_range=1.0)
    return float(measured if isinstance(measured, Tensor) else measured[0])


def colour_differences(result: Tensor, truth: Tensor) -> NDArray[np.float64]:
    """CIEDE2000 of every pixel, (H, W)."""
    one, other = (rgb_to_lab(rgb).permute(1, 2, 0).numpy() for rgb in (result, truth))
    differences: NDArray[np.float64] = deltaE_ciede2000(one, other)
    return differences


def area_under_errors(result: Tensor, truth: Tensor, weights: Tensor | None = None) -> float:
    """Zhang's AuC: the mean, over all thresholds up to 150, of the share of pixels whose ab error is smaller.

    Args:
        result: what came out.
        truth: what should have.
        weights: of each pixel, (H, W), to rebalance rare colours; None counts all alike.

    """
    distance = (_ab(result) - _ab(truth)).norm(dim=0).flatten()
    share = torch.ones_like(distance) if weights is None else weights.flatten()
    within = (1 - distance / LARGEST_ERROR).clamp(min=0)
    return float((within * share).sum() / share.sum())


def _ab(rgb: Tensor) -> Tensor:
    return rgb_to_lab(rgb)[1:]
