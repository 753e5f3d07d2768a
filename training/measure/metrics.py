"""Metrics of a coloured picture against the truth. R'G'B' are float32 in 0..1, (3, H, W)."""

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
"""Chroma above which a pixel counts as coloured."""
_NEUTRAL, _NO_LONGER_NEUTRAL = 6, 14
"""Chroma below which a pixel is neutral, and above which it is no longer neutral."""
_SKIN_HUES, _SKIN_CHROMA, _SKIN_NEAR = (20, 80), 8, 30
"""Hues of skin in degrees, its least chroma, and the largest difference to a true hue: a rule that is often right."""


@dataclass(frozen=True, slots=True)
class PictureMetrics:
    """The metrics of one coloured picture; each is explained at the function that computes it."""

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
    cast_a: float
    cast_b: float
    neutral: float
    neutral_coloured: float
    hued: float
    hue_error: float
    skin: float
    skin_found: float
    skin_hue_error: float


def measure(result: Tensor, truth: Tensor, rarity: Tensor) -> PictureMetrics:
    """Measure a result.

    Args:
        result: the coloured picture.
        truth: the original.
        rarity: weight of each pixel of the truth, (H, W), greater where its colour is rarer. If it is NaN,
            `auc_rebalanced` is NaN too.

    """
    lab, true_lab = rgb_to_lab(result), rgb_to_lab(truth)
    ab, true_ab = lab[1:], true_lab[1:]
    differences = colour_differences(lab, true_lab)
    cast_a, cast_b = cast(ab, true_ab)
    neutral, neutral_coloured = neutral_shares(ab, true_ab)
    hued = torch.hypot(*true_ab) > COLOURFUL
    skin = is_skin(true_ab)
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
        cast_a=cast_a,
        cast_b=cast_b,
        neutral=neutral,
        neutral_coloured=neutral_coloured,
        hued=share(hued),
        hue_error=hue_error(ab, true_ab, hued),
        skin=share(skin),
        skin_found=share(skin & is_found(ab, true_ab)),
        skin_hue_error=hue_error(ab, true_ab, skin),
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
        ab: of the coloured picture, (2, H, W).
        true_ab: of the original, (2, H, W).
        weights: weight of each pixel, (H, W).

    """
    within = (1 - torch.hypot(*(ab - true_ab)) / LARGEST_ERROR).clamp(min=0)
    return float((within * weights).sum() / weights.sum())


def cast(ab: Tensor, true_ab: Tensor) -> tuple[float, float]:
    """The mean error of a and of b with its sign, in CIE units: what a picture has too much of everywhere."""
    a, b = (ab - true_ab).mean(dim=(1, 2)).tolist()
    return a, b


def neutral_shares(ab: Tensor, true_ab: Tensor) -> tuple[float, float]:
    """The share of the picture that is neutral in the truth, and the share that is so and came out coloured."""
    neutral = torch.hypot(*true_ab) < _NEUTRAL
    return share(neutral), share(neutral & (torch.hypot(*ab) > _NO_LONGER_NEUTRAL))


def hue_error(ab: Tensor, true_ab: Tensor, where: Tensor) -> float:
    """The hue's error in degrees on the pixels of a mask (H, W), times their share of the picture."""
    return float((_hue_difference(ab, true_ab).abs() * where).mean())


def is_skin(true_ab: Tensor) -> Tensor:
    """The pixels that are skin in the truth, by a rule that is not always right: a mask (H, W)."""
    hue = torch.atan2(true_ab[1], true_ab[0]).rad2deg()
    return (hue > _SKIN_HUES[0]) & (hue < _SKIN_HUES[1]) & (torch.hypot(*true_ab) > _SKIN_CHROMA)


def is_found(ab: Tensor, true_ab: Tensor) -> Tensor:
    """The pixels with nearly the hue of the truth and over half its chroma: a mask (H, W)."""
    return (_hue_difference(ab, true_ab).abs() < _SKIN_NEAR) & (torch.hypot(*ab) > torch.hypot(*true_ab) / 2)


def share(mask: Tensor) -> float:
    """The share of the pixels that a mask (H, W) selects."""
    return float(mask.float().mean())


def _hue_difference(ab: Tensor, true_ab: Tensor) -> Tensor:
    """In degrees, from -180 to 180, (H, W)."""
    hue, true_hue = (torch.atan2(colour[1], colour[0]).rad2deg() for colour in (ab, true_ab))
    return (hue - true_hue + 180).remainder(360) - 180
