"""How near a coloured picture is to the truth. R'G'B' are float in 0..1, (3, H, W)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000
from torch import Tensor
from torchmetrics.functional.image import peak_signal_noise_ratio, structural_similarity_index_measure

from colorizer.model.lab import rgb_to_lab

LARGEST_ERROR = 150
"""Distance in ab at which the cumulative error curve ends (Zhang et al. 2016, 3.1)."""
COLOURFUL = 20
"""Chroma from which a pixel counts as coloured."""
_SKIN_HUES, _SKIN_CHROMA, _SKIN_NEAR = (20, 80), 8, 30
"""Hues in degrees and chroma of skin, by a rule that is not always right; and how near a hue must come to it."""


@dataclass(frozen=True, slots=True)
class PictureMetrics:
    """One coloured picture against the truth; each figure is explained at the function that makes it."""

    squared_error: float
    psnr: float
    ssim: float
    ciede2000: float
    ciede2000_95: float
    colourfulness: float
    coloured: float
    auc: float
    auc_rebalanced: float
    rarity: float
    skin: float
    skin_found: float


def measure(result: Tensor, truth: Tensor, rarity: Tensor) -> PictureMetrics:
    """Measure a result.

    Args:
        result: what came out.
        truth: what should have.
        rarity: weight of each pixel of the truth, (H, W), greater where its colour is rarer; NaN where that is not
            known, and then `auc_rebalanced` is, too.

    """
    lab, true_lab = rgb_to_lab(result), rgb_to_lab(truth)
    ab, true_ab = lab[1:], true_lab[1:]
    differences = colour_differences(lab, true_lab)
    skin, found = skin_shares(ab, true_ab)
    return PictureMetrics(
        squared_error=squared_error(ab, true_ab),
        psnr=signal_to_noise(result, truth),
        ssim=similarity(result, truth),
        ciede2000=float(differences.mean()),
        ciede2000_95=float(np.percentile(differences, 95)),
        colourfulness=colourfulness(result),
        coloured=coloured(ab),
        auc=area_under_errors(ab, true_ab, torch.ones_like(rarity)),
        auc_rebalanced=area_under_errors(ab, true_ab, rarity),
        rarity=float(rarity.mean()),
        skin=skin,
        skin_found=found,
    )


def squared_error(ab: Tensor, true_ab: Tensor) -> float:
    """Per-pixel MSE with ab mapped to 0..1 by (ab + 128) / 255, the mean of a and b: the 2019 paper's figure."""
    return float(((ab - true_ab) / 255).square().mean())


def coloured(ab: Tensor) -> float:
    """The share of the pixels whose chroma is over 20."""
    return float((torch.hypot(*ab) > COLOURFUL).float().mean())


def colourfulness(rgb: Tensor) -> float:
    """Hasler & Suesstrunk (2003), equation 10, with R'G'B' in 0..255."""
    red, green, blue = (rgb * 255).unbind(0)
    red_green, yellow_blue = red - green, (red + green) / 2 - blue
    deviation = torch.hypot(red_green.std(correction=0), yellow_blue.std(correction=0))
    mean = torch.hypot(red_green.mean(), yellow_blue.mean())
    return float(deviation + 0.3 * mean)


def signal_to_noise(result: Tensor, truth: Tensor) -> float:
    """PSNR of R'G'B', in dB."""
    return float(peak_signal_noise_ratio(result[None], truth[None], data_range=1.0))


def similarity(result: Tensor, truth: Tensor) -> float:
    """SSIM of R'G'B'."""
    measured = structural_similarity_index_measure(result[None], truth[None], data_range=1.0)
    return float(measured if isinstance(measured, Tensor) else measured[0])


def colour_differences(lab: Tensor, true_lab: Tensor) -> NDArray[np.float64]:
    """CIEDE2000 of every pixel, (H, W), of colours in Lab, (3, H, W)."""
    one, other = (colours.permute(1, 2, 0).numpy() for colours in (lab, true_lab))
    differences: NDArray[np.float64] = deltaE_ciede2000(one, other)
    return differences


def area_under_errors(ab: Tensor, true_ab: Tensor, weights: Tensor) -> float:
    """Zhang's AuC: the mean, over all thresholds up to 150, of the weighted share of pixels whose error is smaller.

    Args:
        ab: what came out, (2, H, W).
        true_ab: what should have.
        weights: of each pixel, (H, W).

    """
    within = (1 - torch.hypot(*(ab - true_ab)) / LARGEST_ERROR).clamp(min=0)
    return float((within * weights).sum() / weights.sum())


def skin_shares(ab: Tensor, true_ab: Tensor) -> tuple[float, float]:
    """The share of the picture that is skin in the truth, and of that, what has skin's hue and over half its chroma."""
    hue, true_hue = (torch.atan2(colour[1], colour[0]).rad2deg() for colour in (ab, true_ab))
    chroma, true_chroma = torch.hypot(*ab), torch.hypot(*true_ab)
    skin = (true_hue > _SKIN_HUES[0]) & (true_hue < _SKIN_HUES[1]) & (true_chroma > _SKIN_CHROMA)
    off = (hue - true_hue + 180).remainder(360) - 180
    found = skin & (off.abs() < _SKIN_NEAR) & (chroma > true_chroma / 2)
    return float(skin.float().mean()), float(found.float().mean())
