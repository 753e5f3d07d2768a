"""Cuts, found on the small luma; segments, which end at cuts or after so much work; and shots, which end at cuts alone.

A cut is a change that exposure does not explain: fades, flashes, dissolves and the flicker of old film are none.

Whether a frame begins a shot or a segment depends on the frames since the beginning of its segment, and on a few after
it. Colour never crosses a cut. So another machine that begins at the first frame of a segment, with the state of
colouring that the segment before left, makes the same bits; at a segment that begins with a cut this state is
`ShotState()`, which needs no work on the frames before. `outline.survey_outline` finds these places without colouring.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain, islice

import torch
from torch import Tensor
from torch.nn import functional

from colorizer.film.decode.frame import Frame

_ROWS, _COLUMNS = 9, 16
"""Size at which frames are compared: small enough that motion within a shot changes little."""
_LEAST_CORRELATION = 0.6
"""Correlation of the luma of two frames below which they may show different shots; motion within a shot stays above."""
_LEAST_CHANGE = 0.045
"""Standard deviation of luma (0..1) that the other frame does not explain, from which frames may be of two shots."""
_FLAT = 0.012
"""Standard deviation of luma up to which a frame shows nothing: darkness, or a white flash."""
BRIEF = 3
"""A change is no cut if one of so many frames before it is like one of so many after it, as with a flash."""
_LEAST, _MOST = 10, 60
"""Seconds: a segment may end at a cut after the first, and ends without one after the second."""
_LEAST_WORK, _MOST_WORK = 150_000_000, 300_000_000
"""The same in pixels that were coloured, so that an interruption undoes little; a slow machine takes about 20 s for the
second number. The time that this machine takes does not count, because each edge changes the encoded bits."""
_WORK_PER_FRAME = 1_500_000
"""Pixels that take as long as the part of the work on a frame that does not depend on its size."""


def work_of(width: int, height: int) -> int:
    """The work that a frame of this size takes, in pixels that are coloured."""
    return _WORK_PER_FRAME + width * height


def number_segments(frames: Iterable[Frame], time_base: Fraction, first: int = 0) -> Iterator[Frame]:
    """Give each measured frame the numbers of its segment and of its shot.

    A few frames are read ahead.

    Args:
        frames: in the order of display; the first one begins a segment.
        time_base: of their times.
        first: number of the first segment.

    """
    place, recent = Place(time_base, first), deque[Tensor](maxlen=BRIEF)
    for frame, views in with_views(frames):
        place.advance(frame.pts, work_of(frame.picture.width, frame.picture.height), find_cuts(list(recent), views))
        recent.append(views[0])
        yield replace(frame, segment=place.segment, shot=place.shot)


@dataclass(slots=True)
class Place:
    """The place of a frame in its film: the numbers of its segment and of its shot."""

    time_base: Fraction
    segment: int = 0
    shot: int = 0
    _frames: int = 0
    """Number of frames since the beginning of the segment."""
    _begun: Fraction = Fraction(0)
    """Time of the first of them, in seconds."""
    _work: int = 0
    """Work that they take."""

    def advance(self, pts: int, work: int, cuts: int) -> None:
        """Go to the next frame.

        Args:
            pts: its time.
            work: that it takes, see `work_of`.
            cuts: whether it begins a shot, see `find_cuts`.

        """
        seconds = pts * self.time_base
        if not self._frames:
            self._begun = seconds
        else:
            cut = bool(cuts >> (min(self._frames, BRIEF) - 1) & 1)
            self.shot += cut
            if _ends(seconds - self._begun, self._work, cut=cut):
                self.segment, self._begun, self._work, self._frames = self.segment + 1, seconds, 0, 0
        self._frames, self._work = self._frames + 1, self._work + work


def find_cuts(before: list[Tensor], after: list[Tensor]) -> int:
    """Whether there is a cut between neighbouring frames.

    It depends on how many frames of the segment are before it: bit N of the result holds where there are N + 1.

    Args:
        before: views (see `view`) of up to `BRIEF` frames before it.
        after: views of up to `BRIEF` frames after it.

    """
    is_end_of_darkness = len(before) == BRIEF and all(map(_is_flat, before)) and not _is_flat(after[0])
    cuts = is_end_of_darkness << (BRIEF - 1)
    for place, one in enumerate(reversed(before)):  # a frame that is like the next ones is so in a longer list, too
        if not all(differ(one, other) for other in after):
            break
        cuts |= 1 << place
    return cuts


def view(luma: Tensor) -> Tensor:
    """Small luma (..., h, w) as frames are compared: few pixels, of mean 0."""
    few = functional.adaptive_avg_pool2d(luma.reshape(1, 1, *luma.shape[-2:]), (_ROWS, _COLUMNS)).flatten()
    return few - few.mean()


def differ(before: Tensor, after: Tensor) -> bool:
    """Whether no change of exposure turns one view into the other."""
    one, other = float(before.square().mean()), float(after.square().mean())
    shared = float((before * after).mean())
    correlation = shared / max((one * other) ** 0.5, torch.finfo(torch.float32).tiny)
    unexplained = max(one, other) * (1 - max(correlation, 0) ** 2)
    return bool(correlation < _LEAST_CORRELATION and unexplained > _LEAST_CHANGE**2)


def with_views(frames: Iterable[Frame]) -> Iterator[tuple[Frame, list[Tensor]]]:
    """Each measured frame with its view, and those of the next ones: up to `BRIEF` in all."""
    pending: deque[tuple[Frame, Tensor]] = deque()
    ahead = ((frame, view(frame.measured.small)) for frame in frames)
    pending.extend(islice(ahead, BRIEF - 1))
    for following in chain(ahead, [None] * (BRIEF - 1)):
        if following is not None:
            pending.append(following)
        if not pending:
            return
        views = [seen for _, seen in pending]
        yield pending.popleft()[0], views


def _is_flat(seen: Tensor) -> bool:
    return float(seen.square().mean()) < _FLAT**2


def _ends(length: Fraction, work: int, *, cut: bool) -> bool:
    if length >= _MOST or work >= _MOST_WORK:
        return True
    return (length >= _LEAST or work >= _LEAST_WORK) and cut
