"""Colours that stay with the things they belong to: blended along their motion, within one shot.

The colours of a key frame are a mean of three answers: of what the key frames before bring, weighted by their number up
to a limit, of its own, and of the next key frame's. Where motion or luma says that a pixel is not in another frame,
that frame has no say: so colours leave no trails, and nothing is older than the limit for long.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from colorizer.film.decode.frame import Frame
from colorizer.film.flow import Motion, Plane, carry_planes, interleave, likeness
from colorizer.film.keyframes import Span, Step
from colorizer.film.shot_state import ShotState, pack, unpack

_DOUBT = 0.02
"""Weight of a frame whose pixel is alike, although motion cannot be trusted."""
_LEAST = 1e-4
"""Smallest weight, for a pixel that is in no other frame."""
_CHANGED = 0.25
"""Share of a picture that is not found in the key frame before, at which the weight of what was before is 1 / e."""
_DULL = 0.022
"""What the colourfulness of a picture loses when its colours are the mean of many answers, as a share; measured by
`benchmarks/steadiness.py`. The colours make up for it."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A span, with the ab (2, h, w) that the network gives its key frame, and the next one."""

    span: Span
    ab: Plane
    next_ab: Plane | None
    """None at the end of a shot."""


@dataclass(frozen=True, slots=True)
class Coloured:
    """A frame with its colours."""

    frame: Frame
    ab: Plane
    """ab at the working size, float32, (2, h, w)."""
    state: ShotState
    """What it leaves to the frame after it, if that begins a segment."""


@dataclass(frozen=True, slots=True)
class Bringing:
    """Colours that are brought to a frame, and how much they count."""

    ab: Plane
    """ab, (2, h, w)."""
    weight: Plane
    """Above 0, (h, w); the answer of one key frame counts 1."""


def carry_colours(answers: Iterable[Answered], memory: float, state: ShotState) -> Iterator[Coloured]:
    """Colour the frames of one shot; those of a span once the answers of the next span are there.

    Args:
        answers: the spans of the shot.
        memory: greatest number of key frames that what was before stands for; 0 leaves each key frame its own answer.
        state: at the beginning.

    """
    gain = np.float32(1 + _DULL * memory / (1 + memory))
    blended = _blended(answers, gain, memory, state)
    before: tuple[Span, Plane] | None = None
    for span, ab, left in blended:
        if before is not None:
            yield from _span_frames(*before, ab, span.key, left)
        before = span, ab
    if before is not None:
        span, ab = before
        yield Coloured(span.key.frame, ab, ShotState())


def _blended(
    answers: Iterable[Answered], gain: np.float32, memory: float, state: ShotState
) -> Iterator[tuple[Span, Plane, ShotState]]:
    """Key frames with their final colours, and the state that was left to each."""
    brought = unpack(state)
    past = Bringing(*brought) if brought else None
    left = state
    for answer in answers:
        span, next_key = answer.span, answer.span.next_key
        own = _with_past(answer.ab * gain, past, memory)
        if next_key is None or answer.next_ab is None:
            yield span, own.ab, left
            return
        yield span, _mean(own, _from_next(span, next_key, answer.next_ab * gain, memory)).ab, left
        left = ShotState()
        past = _moved(own, span.key, next_key, memory)
        if next_key.frame.segment != span.key.frame.segment:
            left = pack(past.ab, past.weight)
            past = Bringing(*unpack(left) or (past.ab, past.weight))


def _span_frames(span: Span, ab: Plane, next_ab: Plane, next_key: Step, left: ShotState) -> Iterator[Coloured]:
    """The frames of a span, from its key frame on; `left` is what the last of them leaves."""
    whole = len(span.between) + 1
    own, following = interleave(*ab, span.key.luma), interleave(*next_ab, next_key.luma)
    yield Coloured(span.key.frame, ab, left if whole == 1 else ShotState())
    for number, (step, to_next) in enumerate(zip(span.between, span.to_next[1:], strict=True), start=1):
        if step.to_key is None:
            raise ValueError("a frame between key frames has no motion to the one before it")
        before = _weighted(step, own, step.to_key, 1 - number / whole)
        after = _weighted(step, following, to_next, number / whole)
        yield Coloured(step.frame, _mean(before, after).ab, left if number == whole - 1 else ShotState())


def _weighted(step: Step, key: Plane, motion: Motion, nearness: float) -> Bringing:
    """What a key frame brings to a frame; `key` is its ab and luma, interleaved."""
    carried = carry_planes(key, motion, 3)
    weight = (motion.trust + np.float32(_DOUBT)) * _alike(step, carried[2]) + np.float32(_LEAST)
    return Bringing(carried[:2], weight * np.float32(nearness))


def _with_past(answer: Plane, past: Bringing | None, memory: float) -> Bringing:
    own = Bringing(answer, np.ones(answer.shape[1:], np.float32))
    return own if past is None or not memory else _mean(own, past)


def _from_next(span: Span, next_key: Step, answer: Plane, memory: float) -> Bringing:
    """What the next key frame's answer says about this one."""
    motion = span.to_next[0]
    carried = carry_planes(interleave(*answer, next_key.luma), motion, 3)
    weight = motion.trust * _alike(span.key, carried[2]) * np.float32(min(1.0, memory))
    return Bringing(carried[:2], weight)


def _moved(past: Bringing, step: Step, next_key: Step, memory: float) -> Bringing:
    """The same, carried to the next key frame; less where it is not found there, or where much has changed."""
    motion = next_key.to_key
    if motion is None:
        raise ValueError("a key frame that follows another has no motion to it")
    carried = carry_planes(interleave(*past.ab, step.luma, past.weight), motion, 4)
    alike = _alike(next_key, carried[2])
    kept = np.float32(np.exp(-(((1 - float(alike.mean())) / _CHANGED) ** 2)))
    return Bringing(carried[:2], np.minimum(carried[3], np.float32(memory)) * motion.trust * alike * kept)


def _alike(step: Step, found: Plane) -> Plane:
    """How alike a frame is to the luma that was carried to it."""
    return likeness(step.luma, cast("NDArray[np.uint8]", cv2.convertScaleAbs(found)))


def _mean(one: Bringing, other: Bringing) -> Bringing:
    weight = one.weight + other.weight
    return Bringing(one.ab + (other.ab - one.ab) * (other.weight / weight), weight)
