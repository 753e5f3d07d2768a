"""Which scenes of a film are in colour: found before it is coloured, in one pass over small frames.

Frames are judged by the mean of their neighbours in the shot: the chroma noise of a tape and cross colour vanish in it.
Where the picture moves, the mean is that of fewer frames, as colours of neighbouring objects would vanish too.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby, pairwise
from operator import attrgetter, itemgetter

import numpy as np
import torch
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from torch import Tensor
from torch.nn import functional

from colorizer.film.cuts import differ, view
from colorizer.film.decode.film_info import FilmInfo
from colorizer.film.decode.frame import Frame
from colorizer.film.dissolves import Chroma, Dissolve, find_dissolve
from colorizer.model.colorist import Colorist, shrink
from colorizer.model.lab import luma_of_rgb, rgb_to_ycbcr
from colorizer.model.orientation import orient, unorient
from colorizer.model.surround import Margins
from colorizer.model.tint_detection import Verdict, judge, judged_extent

_BRIEF = 12
"""Least number of frames of a run: within a shot, a shorter run of the other verdict counts as a mistake."""
_TOGETHER, _MOVING = 24, 8
"""Number of frames of a shot that are judged together, and of those among them by whose mean, if the picture moves."""
_STILL = 0.9
"""Share of the detail of frames that their mean has at least if nothing moves."""
_GRAIN = 3
"""Side in pixels of the squares over which grain is averaged."""
_PARTS = (6, 8)
"""Rows and columns of the parts of a frame whose chroma shows how far a dissolve is."""
_LEAST_GREY = 0.02
"""Least share of grey frames in a mixed film: a smaller one is titles, fog and snow in a film in colour."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Neighbouring frames that all have colour, or all have none."""

    begins: int
    """Timestamp of the first, in the stream's time base."""
    frames: int
    in_colour: bool


@dataclass(frozen=True, slots=True)
class Scenes:
    """A film's scenes in the order of display; none where every frame counts as grey."""

    scenes: tuple[Scene, ...] = ()
    in_doubt: int = 0
    """Number of frames of which parts have colour, and that count as grey."""
    dissolves: tuple[Dissolve, ...] = ()
    """Those between scenes of both kinds, in the order of display."""

    def dissolve(self, pts: int) -> Dissolve | None:
        """The dissolve that is shown at this time."""
        place = bisect_right(self.dissolves, pts, key=attrgetter("begins"))
        return self.dissolves[place - 1] if place > 0 and pts < self.dissolves[place - 1].ends else None

    def in_colour(self, pts: int) -> bool:
        """Whether the frame that is shown at this time has colour of its own, and no grey scene is mixed into it."""
        dissolve = self.dissolve(pts)
        if dissolve is not None:
            return dissolve.colour_share(pts) == 1
        place = bisect_right(self.scenes, pts, key=attrgetter("begins"))
        return place > 0 and self.scenes[place - 1].in_colour

    @property
    def frames(self) -> int:
        """Number of frames in all."""
        return sum(scene.frames for scene in self.scenes)

    @property
    def coloured(self) -> int:
        """Number of frames that have colour of their own."""
        return sum(scene.frames for scene in self.scenes if scene.in_colour)

    @property
    def all_in_colour(self) -> bool:
        """Whether the film is in colour throughout."""
        return self.coloured > (1 - _LEAST_GREY) * self.frames

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes for the report of a film that is partly in colour, or may be."""
        notes = [f"{self.coloured} of {self.frames} frames were in colour, and kept it"] if self.coloured else []
        if self.dissolves:
            count = len(self.dissolves)
            notes.append(f"{count} {'dissolve' if count == 1 else 'dissolves'} between grey and colour: both are mixed")
        if self.in_doubt:
            what = "have some colour (a logo, or an object); they were taken for black and white"
            notes.append(f"{self.in_doubt} of {self.frames} frames {what}")
        return tuple(notes)


def find_scenes(frames: Iterable[Frame], info: FilmInfo, colorist: Colorist) -> Scenes:
    """Look through a film, or an excerpt of it.

    A scene ends at a cut, or where colour comes or goes within a shot and stays so for half a second. Frames that are
    too plain to tell go with those before them (at the beginning: after them).

    Args:
        frames: in the order of their display.
        info: the film.
        colorist: asked for the colours that it expects where frames alone do not decide.

    """
    pts: list[int] = []
    settled: list[bool | None] = []
    dissolves: list[Dissolve] = []
    in_doubt = 0
    for _, seen in groupby(_judged(frames, info, partial(_judge, info, colorist)), attrgetter("shot")):
        shot = list(seen)
        verdicts = settle([_has_colour(frame.verdict) for frame in shot])
        dissolves += _dissolves(shot, verdicts)
        pts += (frame.pts for frame in shot)
        settled += verdicts
        in_doubt += sum(frame.verdict is Verdict.IN_DOUBT for frame in shot)
    runs = groupby(zip(pts, _filled(settled), strict=True), itemgetter(1))
    scenes = tuple(_scene([time for time, _ in run], in_colour=verdict) for verdict, run in runs)
    return Scenes(scenes, in_doubt if any(not scene.in_colour for scene in scenes) else 0, tuple(dissolves))


def settle(verdicts: Sequence[bool | None]) -> list[bool | None]:
    """Settle the verdicts of one shot: they change only where the other verdict lasts.

    Args:
        verdicts: whether each frame is in colour; None where that is unknown.

    """
    known = [(index, verdict) for index, verdict in enumerate(verdicts) if verdict is not None]
    runs = [list(run) for _, run in groupby(known, itemgetter(1))]
    lasting = [run[0] for run in runs if len(run) >= _BRIEF]
    if not lasting:
        most = Counter(verdict for _, verdict in known).most_common(1)
        return [most[0][0] if most else None] * len(verdicts)
    begins = [0, *(index for index, _ in lasting[1:]), len(verdicts)]
    lengths = (end - begin for begin, end in pairwise(begins))
    return [verdict for (_, verdict), length in zip(lasting, lengths, strict=True) for _ in range(length)]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is known of a frame."""

    shot: int
    """Number of its shot."""
    pts: int
    chroma: Chroma
    """Mean Cb and Cr of its parts, (2, parts)."""
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class _Small:
    """A frame at the size at which it is judged."""

    pts: int
    rgb: Tensor
    """R'G'B', float 0..1, (3, h, w)."""
    chroma: Chroma
    """See `_Seen.chroma`."""

    def seen(self, shot: int, verdict: Verdict) -> _Seen:
        """What is known of it, with what it is."""
        return _Seen(shot, self.pts, self.chroma, verdict)


def _dissolves(shot: Sequence[_Seen], settled: Sequence[bool | None]) -> Iterator[Dissolve]:
    """The dissolves of a shot in which colour comes or goes."""
    changes = [number for number, (one, other) in enumerate(pairwise(settled), start=1) if one != other]
    between = [(one + other) // 2 for one, other in pairwise(changes)]
    for first, change, end in zip([0, *between], changes, [*between, len(shot)], strict=False):
        near = shot[first:end]
        chroma = np.stack([frame.chroma for frame in near])
        times, to_colour = [frame.pts for frame in near], bool(settled[change])
        dissolve = find_dissolve(times, chroma, change - first, to_colour=to_colour)
        if dissolve is not None:
            yield dissolve


def _has_colour(verdict: Verdict) -> bool | None:
    return None if verdict is Verdict.UNKNOWN else verdict is Verdict.COLOUR


def _judged(frames: Iterable[Frame], info: FilmInfo, judge_one: Callable[[Tensor], Verdict]) -> Iterator[_Seen]:
    """Each frame with what it is; `judge_one` judges a picture."""
    for shot, blocks in groupby(_blocks(frames, info), itemgetter(0)):
        before: list[_Small] = []
        found: Verdict | None = None
        for _, block in blocks:
            verdict = judge_one(_mean(block))
            if found is not None and _has_colour(found) is not _has_colour(verdict):  # its frame is found
                yield from (small.seen(shot, judge_one(small.rgb)) for small in (*before, *block))
                before, found = [], None
                continue
            yield from (small.seen(shot, verdict) for small in before)
            before, found = block, verdict
        yield from (small.seen(shot, found or Verdict.UNKNOWN) for small in before)


def _judge(info: FilmInfo, colorist: Colorist, rgb: Tensor) -> Verdict:
    """What a frame as it is stored is, R'G'B', float 0..1, (3, h, w)."""

    def expect(surround: Margins) -> Tensor | None:
        luma = orient(surround.inside(luma_of_rgb(rgb, info.coding.matrix))[None], info.orientation)
        moments = colorist.expect(shrink(luma, colorist.extent(*luma.shape[-2:])))
        return None if moments is None else unorient(moments[0], info.orientation)

    return judge(rgb, expect).verdict


def _blocks(frames: Iterable[Frame], info: FilmInfo) -> Iterator[tuple[int, list[_Small]]]:
    """Neighbouring frames of one shot, with the number of the shot."""
    reformatter = VideoReformatter()
    shot, before, block = 0, None, list[_Small]()
    for frame in frames:
        rgb = _small_rgb(frame.picture, info, reformatter)
        seen = view(luma_of_rgb(rgb, info.coding.matrix))
        cut = before is not None and differ(before, seen)
        if block and (cut or len(block) == _TOGETHER):
            yield shot, block
            block = []
        shot, before = shot + cut, seen
        parts = functional.adaptive_avg_pool2d(rgb_to_ycbcr(rgb, info.coding.matrix)[1:], _PARTS)
        block.append(_Small(frame.pts, rgb, parts.flatten(1).numpy()))
    if block:
        yield shot, block


def _mean(block: Sequence[_Small]) -> Tensor:
    """The mean of frames, in which noise vanishes; of a few in their middle if motion would mix objects' colours."""
    frames = torch.stack([small.rgb for small in block])
    mean = frames.mean(dim=0)
    if _detail(mean[None]) >= _STILL * _detail(frames):
        return mean
    first = max(0, (len(frames) - _MOVING) // 2)
    return frames[first : first + _MOVING].mean(dim=0)


def _detail(rgb: Tensor) -> float:
    """Mean difference between neighbours across, in pictures (N, 3, h, w) without grain."""
    smooth = functional.avg_pool2d(rgb.mean(dim=1, keepdim=True), min(_GRAIN, *rgb.shape[-2:]), stride=1)
    return float((smooth[..., 1:] - smooth[..., :-1]).abs().mean())


def _small_rgb(picture: VideoFrame, info: FilmInfo, reformatter: VideoReformatter) -> Tensor:
    """R'G'B', float 0..1, (3, h, w), by the mean over each new pixel's area."""
    height, width = judged_extent(info.height, info.width)
    small = reformatter.reformat(
        picture,
        width,
        height,
        "gbrp",
        src_colorspace=info.coding.tags.matrix,
        src_color_range=info.coding.tags.range,
        interpolation=Interpolation.AREA,
    )
    green, blue, red = (torch.from_dlpack(plane) for plane in small.planes)
    return torch.stack((red, green, blue)).float() / 255


def _filled(verdicts: Sequence[bool | None]) -> list[bool]:
    """The verdicts, with the one before in place of each unknown one; all grey where all are unknown."""
    before = next((verdict for verdict in verdicts if verdict is not None), False)
    filled = []
    for verdict in verdicts:
        before = before if verdict is None else verdict
        filled.append(before)
    return filled


def _scene(times: Sequence[int], *, in_colour: bool) -> Scene:
    return Scene(times[0], len(times), in_colour)
