"""Tests of colorizer/film/dissolves.py: where a dissolve between grey and colour begins and ends."""

import numpy as np
import pytest
from numpy.typing import NDArray

from colorizer.film.dissolves import Dissolve, find_dissolve

FRAMES = 120


def chroma(begins: int, ends: int, *, to_colour: bool, noise: float) -> NDArray[np.float32]:
    """Parts of frames that are tinted, and then in colour that moves, or the other way around."""
    rng = np.random.default_rng(2)
    shares = ((np.arange(FRAMES) - begins) / (ends - begins)).clip(0, 1)
    colour, pan = rng.normal(0, 0.1, (2, 48)), rng.normal(0, 0.0005, (2, 48))
    coloured = colour + np.arange(FRAMES)[:, None, None] * pan
    tint = np.array([-0.02, 0.03])[:, None]
    mixed = tint + (coloured - tint) * (shares if to_colour else 1 - shares)[:, None, None]
    return (mixed + rng.normal(0, noise, mixed.shape)).astype(np.float32)


@pytest.mark.parametrize("to_colour", [True, False])
@pytest.mark.parametrize(("begins", "ends", "change"), [(50, 60, 53), (40, 70, 52), (5, 30, 12), (95, 119, 110)])
@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_a_dissolve_is_found_from_its_first_frame_to_its_last(
    begins: int, ends: int, change: int, noise: float, *, to_colour: bool
) -> None:
    """Although its middle alone was noticed, under noise and with motion in the scene in colour."""
    times = range(0, 40 * FRAMES, 40)
    found = find_dissolve(times, chroma(begins, ends, to_colour=to_colour, noise=noise), change, to_colour=to_colour)
    assert found is not None
    assert found.to_colour is to_colour
    assert found.begins / 40 == pytest.approx(begins, abs=3)
    assert found.ends / 40 == pytest.approx(ends, abs=3)
    assert found.tint == pytest.approx((-0.02, 0.03), abs=0.01)


@pytest.mark.parametrize("to_colour", [True, False])
def test_a_sudden_change_is_no_dissolve(*, to_colour: bool) -> None:
    """Colour that comes from one frame to the next is not blended."""
    samples = chroma(49, 50, to_colour=to_colour, noise=0.01)
    assert find_dissolve(range(FRAMES), samples, 50, to_colour=to_colour) is None


def test_the_weights_change_evenly_with_time() -> None:
    """From one scene alone to the other alone."""
    rising, falling = (Dissolve(100, 200, to_colour, (0, 0)) for to_colour in (True, False))
    assert [rising.colour_share(pts) for pts in (50, 100, 125, 200, 300)] == [0, 0, 0.25, 1, 1]
    assert [falling.colour_share(pts) for pts in (50, 100, 125, 200, 300)] == [1, 1, 0.75, 0, 0]
