"""Conversions between sRGB, Y'CbCr and CIE Lab (D65).

Pictures are float tensors with their channels third from the end: (..., 3, H, W). R'G'B' and luma lie in 0..1,
Cb and Cr in -0.5..0.5, L in 0..100, a and b in CIE units. No value is clipped.
"""

from __future__ import annotations

from enum import Enum

import torch
from torch import Tensor

# IEC 61966-2-1: linear sRGB to CIE XYZ. White is the sum of each row, so that every grey has exactly a = b = 0.
_XYZ_OF_RGB = torch.tensor(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]],
    dtype=torch.float64,
)
_WHITE_XYZ_OF_RGB = _XYZ_OF_RGB / _XYZ_OF_RGB.sum(dim=1, keepdim=True)
_RGB_OF_WHITE_XYZ = torch.linalg.inv(_WHITE_XYZ_OF_RGB)

# CIE 15:2004, equations 8.3 to 8.11, with the exact fractions for 0.008856 and 903.3.
_EPSILON = 216 / 24389
_KAPPA = 24389 / 27
_ROOT_EPSILON = 6 / 29

# IEC 61966-2-1: where its line ends.
_DARK_SRGB, _DARK_LINEAR = 0.04045, 0.0031308


class Matrix(Enum):
    """Luma coefficients (Kr, Kb) of a Y'CbCr."""

    BT601 = (0.299, 0.114)
    BT709 = (0.2126, 0.0722)
    SMPTE240M = (0.212, 0.087)
    BT2020 = (0.2627, 0.0593)

    @property
    def green(self) -> tuple[float, float]:
        """What R' - Y' and B' - Y' weigh in G' - Y'."""
        kr, kb = self.value
        return -kr / (1 - kr - kb), -kb / (1 - kr - kb)


def rgb_to_lab(rgb: Tensor) -> Tensor:
    """Convert sRGB to CIE Lab (D65), both (..., 3, H, W)."""
    x, y, z = _mix(_WHITE_XYZ_OF_RGB, _linear_of_srgb(rgb)).unbind(-3)
    fx, fy, fz = _lab_curve(x), _lab_curve(y), _lab_curve(z)
    return torch.stack((116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)), dim=-3)


def lab_to_rgb(lab: Tensor) -> Tensor:
    """Convert CIE Lab (D65) to sRGB, both (..., 3, H, W); a colour outside the gamut is outside 0..1."""
    lightness, a, b = lab.unbind(-3)
    fy = (lightness + 16) / 116
    xyz = torch.stack((_lab_curve_inverse(fy + a / 500), _lab_curve_inverse(fy), _lab_curve_inverse(fy - b / 200)), -3)
    return _srgb_of_linear(_mix(_RGB_OF_WHITE_XYZ, xyz))


def lightness_of_luma(luma: Tensor) -> Tensor:
    """CIE lightness L (0..100) of the grey with a luma (0..1), of any shape."""
    return 116 * _lab_curve(_linear_of_srgb(luma)) - 16


def luma_of_rgb(rgb: Tensor, matrix: Matrix) -> Tensor:
    """Luma (..., 1, H, W) of R'G'B' (..., 3, H, W): ITU-R BT.601-7 or BT.709-6, each at 3.2."""
    kr, kb = matrix.value
    red, green, blue = rgb.unbind(-3)
    return (kr * red + (1 - kr - kb) * green + kb * blue).unsqueeze(-3)


def rgb_to_ycbcr(rgb: Tensor, matrix: Matrix) -> Tensor:
    """Convert R'G'B' to Y'CbCr, both (..., 3, H, W)."""
    kr, kb = matrix.value
    luma = luma_of_rgb(rgb, matrix)
    red, _, blue = (rgb - luma).unbind(-3)
    return torch.cat((luma, torch.stack((blue / (2 - 2 * kb), red / (2 - 2 * kr)), dim=-3)), dim=-3)


def ycbcr_to_rgb(ycbcr: Tensor, matrix: Matrix) -> Tensor:
    """Convert Y'CbCr to R'G'B', both (..., 3, H, W)."""
    return ycbcr[..., :1, :, :] + rgb_minus_luma(ycbcr[..., 1:, :, :], matrix)


def rgb_minus_luma(chroma: Tensor, matrix: Matrix) -> Tensor:
    """R'G'B' minus luma, (..., 3, H, W), of Cb and Cr, (..., 2, H, W)."""
    kr, kb = matrix.value
    cb, cr = chroma.unbind(-3)
    red, blue = (2 - 2 * kr) * cr, (2 - 2 * kb) * cb
    return torch.stack((red, -(kr * red + kb * blue) / (1 - kr - kb), blue), dim=-3)


def _mix(matrix: Tensor, picture: Tensor) -> Tensor:
    return torch.einsum("ij,...jhw->...ihw", matrix.to(picture), picture)


# Each curve is a line up to a point, and a power from there: it is the power of the larger of value and point, plus the
# line's way from the point to the smaller of both. `torch.where` between the two takes five times as long.


def _linear_of_srgb(value: Tensor) -> Tensor:
    """Undo the transfer function of IEC 61966-2-1, mirrored below zero."""
    size = value.abs()
    curve = ((size.clamp(min=_DARK_SRGB) + 0.055) / 1.055) ** 2.4
    return (curve + (size.clamp(max=_DARK_SRGB) - _DARK_SRGB) / 12.92).copysign(value)


def _srgb_of_linear(value: Tensor) -> Tensor:
    """Apply the transfer function of IEC 61966-2-1, mirrored below zero."""
    size = value.abs()
    curve = 1.055 * size.clamp(min=_DARK_LINEAR) ** (1 / 2.4) - 0.055
    return (curve + (size.clamp(max=_DARK_LINEAR) - _DARK_LINEAR) * 12.92).copysign(value)


def _lab_curve(ratio: Tensor) -> Tensor:
    cube_root = ratio.clamp(min=_EPSILON) ** (1 / 3)
    return cube_root + (ratio.clamp(max=_EPSILON) - _EPSILON) * (_KAPPA / 116)


def _lab_curve_inverse(root: Tensor) -> Tensor:
    cube = root.clamp(min=_ROOT_EPSILON) ** 3
    return cube + (root.clamp(max=_ROOT_EPSILON) - _ROOT_EPSILON) * (116 / _KAPPA)
