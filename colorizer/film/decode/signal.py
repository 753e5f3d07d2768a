"""How a film's samples code luma and chroma: depth, range and matrix, from its tags or from the usual defaults."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from colorizer.errors import UnsupportedError
from colorizer.model.lab import Matrix

# ITU-T H.273 code points.
_UNKNOWN = (0, 2)  # 0 is reserved, or R'G'B', which has no matrix
_HDR_TRANSFERS = {16: "PQ", 18: "HLG"}
_LINEAR = 8
_MATRICES = {
    1: Matrix.BT709,
    4: Matrix.BT601,
    5: Matrix.BT601,
    6: Matrix.BT601,
    7: Matrix.SMPTE240M,
    9: Matrix.BT2020,
    10: Matrix.BT2020,
}
FULL_RANGE, LIMITED_RANGE = 2, 1  # libav's AVColorRange
_SD_LINES = 720
"""Untagged pictures with fewer lines than this are taken for BT.601."""


class Tagged(Protocol):
    """The colour tags of a libav frame."""

    colorspace: int
    color_primaries: int
    color_trc: int
    color_range: int


@dataclass(frozen=True, slots=True)
class ColourTags:
    """Colour tags as they are written to the result, in H.273's code points and libav's range."""

    matrix: int
    primaries: int
    transfer: int
    range: int


@dataclass(frozen=True, slots=True)
class SampleCoding:
    """How integer samples code luma (0..1) and chroma (-0.5..0.5): H.273, equations 20 to 25 and 32 to 37."""

    depth: int
    tags: ColourTags

    @property
    def matrix(self) -> Matrix:
        """Luma coefficients of the Y'CbCr."""
        return _MATRICES[self.tags.matrix]

    @property
    def full(self) -> bool:
        """Whether black is 0 (and not 16 of 255)."""
        return self.tags.range == FULL_RANGE

    def at_depth(self, depth: int) -> SampleCoding:
        """The same coding in samples of another depth."""
        return replace(self, depth=depth)

    def luma(self, codes: Tensor) -> Tensor:
        """Float32 luma of integer codes; below 0 or above 1 where limited range holds more than black or white."""
        return (codes.float() - self.black) / self.luma_span

    def luma_codes(self, luma: Tensor) -> Tensor:
        """Integer codes of float luma."""
        return self._integers(luma * self.luma_span + self.black)

    def chroma_codes(self, chroma: Tensor) -> Tensor:
        """Integer codes of float chroma."""
        return self._integers(chroma * self.chroma_span + self.neutral)

    @property
    def black(self) -> int:
        """Code of black luma."""
        return 0 if self.full else 16 << (self.depth - 8)

    @property
    def luma_span(self) -> int:
        """Difference of the codes of white and black."""
        return self._span(219)

    @property
    def chroma_span(self) -> int:
        """Difference of the codes of the greatest and the least chroma, 0.5 and -0.5."""
        return self._span(224)

    @property
    def neutral(self) -> int:
        """Code of no chroma."""
        return 1 << (self.depth - 1)

    def _span(self, limited: int) -> int:
        return (1 << self.depth) - 1 if self.full else limited << (self.depth - 8)

    def _integers(self, value: Tensor) -> Tensor:
        rounded = value.round_().clamp_(0, (1 << self.depth) - 1)
        return rounded.to(torch.uint8 if self.depth == 8 else torch.int32)


def complete_tags(frame: Tagged, lines: int, *, full: bool) -> ColourTags:
    """Fill what a film leaves untagged: BT.601 below 720 lines, else BT.709.

    Args:
        frame: the film's first frame.
        lines: its height.
        full: whether an untagged range means full range.

    Raises:
        UnsupportedError: the film is PQ or HLG, or has a matrix that is no Y'CbCr.

    """
    if frame.color_trc in _HDR_TRANSFERS:
        name = _HDR_TRANSFERS[frame.color_trc]
        raise UnsupportedError(
            f"a {name} film (high dynamic range) is not coloured: its luma is not that of a photograph"
        )
    usual = 1 if lines >= _SD_LINES else 5 if lines in {288, 576} else 6
    matrix = usual if frame.colorspace in _UNKNOWN else frame.colorspace
    if matrix not in _MATRICES:
        raise UnsupportedError(f"its colour matrix (code point {matrix} of H.273) is no Y'CbCr that tintd knows")
    return ColourTags(
        matrix=matrix,
        primaries=usual if frame.color_primaries in _UNKNOWN else frame.color_primaries,
        transfer=(6 if usual == 5 else usual) if frame.color_trc in _UNKNOWN else frame.color_trc,
        range=frame.color_range or (FULL_RANGE if full else LIMITED_RANGE),
    )


def without_linear(tags: ColourTags) -> ColourTags:
    """Tags that name a usual transfer in place of linear light."""
    return replace(tags, transfer=6 if tags.matrix == 5 else tags.matrix) if tags.transfer == _LINEAR else tags


def shift_to_depth(codes: Tensor, depth: int, wanted: int) -> Tensor:
    """Luma or chroma codes of a depth in bits as int32 codes of another depth; unchanged if the depths are equal."""
    if wanted == depth:
        return codes
    wide = codes.to(torch.int32)
    return wide << (wanted - depth) if wanted > depth else wide >> (depth - wanted)
