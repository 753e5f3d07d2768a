"""Tests of colorizer/film/decode/pixel_format.py: the positive of a frame; the pipeline's tests read all formats."""

from fractions import Fraction

import numpy as np
import pytest
from av.video.frame import VideoFrame

from colorizer.film.decode.pixel_format import depth_of, inverted, luma_codes
from colorizer.film.decode.signal import FULL_RANGE, ColourTags, SampleCoding
from colorizer.model.upright import Inversion

FORMATS = ("bgra", "gbrap", "gbrap12le", "rgba64le", "ya8", "ya16le", "yuva420p", "yuva444p10le", "ayuv64le")


@pytest.mark.parametrize("pixels", FORMATS)
def test_the_transparency_of_a_negative_stays(pixels: str) -> None:
    """Breaks: R'G'B' and packed formats became opaque. Luma is inverted in all of them."""
    tones, alpha = (np.tile(np.arange(first, 256, 2, dtype=np.uint8), (64, 1)) for first in (0, 1))
    rgba = np.dstack([tones, tones, tones, alpha])
    negative = VideoFrame.from_ndarray(rgba, format="rgba").reformat(format=pixels, dst_color_range=FULL_RANGE)
    negative.pts, negative.time_base = 0, Fraction(1, 25)
    coding = SampleCoding(depth_of(negative.format), ColourTags(5, 5, 6, FULL_RANGE))
    before = coding.luma(luma_codes(negative, coding).clone())
    expected = negative.reformat(format="rgba64le").to_ndarray()[..., 3]
    positive = inverted(negative, coding, Inversion(1, 0, 1))
    found = positive.reformat(format="rgba64le").to_ndarray()[..., 3]
    assert np.ptp(expected) > 60000
    assert np.abs(found.astype(int) - expected).max() <= 256  # a code of 8 bits
    assert float((coding.luma(luma_codes(positive, coding)) + before - 1).abs().max()) < 0.01
