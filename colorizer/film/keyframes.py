"""Key frames: the network is asked for them alone; within a shot, more where the picture changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from colorizer.film.decode.frame import Frame
from colorizer.film.flow import Motion, carry, join, likeness, motion_between, prepare

_LARGE = 16_000_000
"""Pixels of a frame from which fewer frames are held at a time."""
_KNOWN = 0.75
"""Least share of a frame that must be found in the key frame before it; with less, it is a key frame itself."""


@dataclass(frozen=True, slots=True)
class Distance:
    """Distances of key frames: the least and the greatest."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Step:
    """A frame, and how it moved since the one before it."""

    frame: Frame
    luma: NDArray[np.uint8]
    """Luma from `prepare`, (h, w)."""
    from_before: Motion | None
    """Motion of the frame before to this one; None for the first of a shot."""
    to_key: Motion | None
    """Motion of this frame to the last key frame before it; None for the first of a shot."""


@dataclass(frozen=True, slots=True)
class Span:
    """A key frame, and the frames between it and the next key frame."""

    key: Step
    next_key: Step | None
    """The next key frame; None at the end of a shot."""
    between: list[Step]
    to_next: list[Motion]
    """Motion of the key frame, and of each frame between, to the next key frame; empty at the end of a shot."""


def choose_spans(shot: Iterable[Frame], distance: Distance) -> Iterator[Span]:
    """Divide frames of one shot at its key frames: its first and last, the first of a segment, and others.

    A frame is chosen by the frames since the beginning of its segment alone, so that it is the same one in a film that
    goes on at this segment.

    Args:
        shot: measured frames.
        distance: of key frames.

    """
    steps: list[Step] = []
    for frame in shot:
        step = _step(steps, frame)
        if steps and _is_key(step, steps, distance):
            yield _span(steps, step)
            steps = []
        steps.append(step)
    if len(steps) > 1:
        yield _span(steps[:-1], steps[-1])
    yield from (Span(step, None, [], []) for step in steps[-1:])


def _step(steps: list[Step], frame: Frame) -> Step:
    luma = prepare(frame.measured.small[0, 0].numpy())
    if not steps:
        return Step(frame, luma, None, None)
    ahead, behind = motion_between(steps[-1].luma, luma)
    last = steps[-1].to_key
    return Step(frame, luma, ahead, behind if len(steps) == 1 or last is None else join(behind, last))


def _is_key(step: Step, steps: list[Step], distance: Distance) -> bool:
    picture = step.frame.picture
    most = distance.most // 2 if picture.width * picture.height > _LARGE else distance.most
    if step.frame.segment != steps[-1].frame.segment or len(steps) >= max(most, distance.least):
        return True
    if len(steps) < distance.least or step.to_key is None:
        return False
    known = step.to_key.trust * likeness(step.luma, carry(steps[0].luma, step.to_key))
    return float(known.mean()) < _KNOWN


def _span(steps: list[Step], key: Step) -> Span:
    """The span of these frames, which the next key frame ends."""
    to_next: list[Motion] = []
    for following in reversed([*steps[1:], key]):
        if following.from_before is not None:
            to_next.append(join(following.from_before, to_next[-1]) if to_next else following.from_before)
    return Span(steps[0], key, steps[1:], to_next[::-1])
