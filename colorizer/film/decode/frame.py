"""One frame of a film, the same type from the decoder to the encoder."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

from av.video.frame import VideoFrame
from torch import Tensor

from colorizer.film.decode.deviations import Deviation
from colorizer.film.decode.pixel_format import luma_codes
from colorizer.film.decode.signal import SampleCoding
from colorizer.film.shot_state import ShotState

_CHECKSUM_STEP = 8
"""Every eighth row and sample enter the checksum: at least one of each block that a codec may damage."""


@dataclass(frozen=True, slots=True)
class LumaSamples:
    """A frame's luma as colouring needs it; floats are 0 for black and 1 for white."""

    computed: Tensor | None
    """Integers, (H, W), where no plane of the picture holds them. A view of a plane would be a second owner of the
    picture, which could then not be changed without a copy."""
    small: Tensor
    """Luma at the working size, upright, float32, (1, 1, h, w)."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture, when it is shown, and what is known of it."""

    picture: VideoFrame
    """The picture as decoded; after colouring, in the encoder's pixel format."""
    pts: int
    """Time at which it is shown, in the stream's time base."""
    end: int
    """Time at which the next one is due, as far as the file knows."""
    deviations: tuple[Deviation, ...] = ()
    """Differences of the frame, or of the time just before it, from the original."""
    samples: LumaSamples | None = None
    """Measured luma; None before it is measured, and after colouring."""
    checksum: int = 0
    """Checksum of the decoded luma, once it was measured."""
    in_colour: bool = False
    """Whether the frame keeps the chroma that it has."""
    segment: int = 0
    """Number of the segment that the frame belongs to."""
    shot: int = 0
    """Number of its shot, counted from where colouring began: only its changes have a meaning."""
    state: ShotState = field(default_factory=ShotState)
    """State of colouring after the frame."""

    @property
    def measured(self) -> LumaSamples:
        """The measured luma.

        Raises:
            ValueError: the frame was not measured.

        """
        if self.samples is None:
            raise ValueError("the luma of this frame was not measured")
        return self.samples

    def luma(self, coding: SampleCoding) -> Tensor:
        """The luma of a measured frame, as `luma_codes` has it."""
        computed = self.measured.computed
        return luma_codes(self.picture, coding) if computed is None else computed


def luma_checksum(luma: Tensor) -> int:
    """A checksum that tells the luma (H, W) of one frame from that of another; cheap because it skips most samples."""
    return zlib.crc32(luma[::_CHECKSUM_STEP, ::_CHECKSUM_STEP].numpy().tobytes())
