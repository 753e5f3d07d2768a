"""The plan of a film, made before it is coloured: what it is, how it is encoded, which scenes keep their chroma."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import torch
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from torch import Tensor

from colorizer.errors import InColourError, NegativeError
from colorizer.film import printing_density as density
from colorizer.film.bars import find_bars, set_upright, sort_layouts
from colorizer.film.decode.film_info import FilmInfo
from colorizer.film.decode.frame import Frame
from colorizer.film.decode.frames import Place, read_frames, sample_pictures, sample_runs
from colorizer.film.decode.pixel_format import has_chroma, is_rgb, luma_codes
from colorizer.film.decode.probe import probe_film
from colorizer.film.decode.scan import RUN, judge_scan
from colorizer.film.dissolves import Dissolve
from colorizer.film.encode.container import FRAMES, Container, choose_container
from colorizer.film.encode.encoder import Encoding, choose_encoding, in_range_of
from colorizer.film.resume import recall_scenes, recall_streams, remember_scenes, remember_streams
from colorizer.film.scenes import Scenes, find_scenes
from colorizer.film.source_chroma import varies
from colorizer.frame_sequence import is_sequence
from colorizer.job import Job, ReadCallback
from colorizer.model.colorist import Colorist, shrink, working_extent
from colorizer.model.orientation import orient
from colorizer.model.surround import Margins
from colorizer.model.upright import Inversion, Pose
from colorizer.settings import FilmSettings, Steadiness
from colorizer.size_rules import check_file, check_picture

_MOST_SAMPLES, _FRAMES_PER_SAMPLE = 16, 50
"""Number of key frames that are looked at: decoding every frame twice would cost a fifth of the time."""
_RUNS = 6
"""Number of places at which the scan is judged."""
_READ_THROUGH = frozenset({"mpeg", "mpegts"})
"""Demuxers of films that are read through to find their streams."""
_NO_INVERSE, _SOME_COLOUR = "in codes of density (log)", "with scenes in colour"
"""Kinds of negatives that are not inverted."""
_AS_FRAMES = FilmSettings(encoder="ffv1", interlaced="progressive")
"""Settings of the segments of a film that becomes frames again: without loss, one for each frame."""


@dataclass(frozen=True, slots=True)
class FilmPlan:
    """All that is decided about a film before it is coloured."""

    info: FilmInfo
    encoding: Encoding
    container: Container
    scenes: Scenes | None
    """Scenes that are in colour; None where sampled frames have no chroma, and each frame is still to be checked."""
    steadiness: Steadiness
    """See `colorizer.film.steadiness`."""
    bars: tuple[Margins, ...]
    """Layouts of black bars, in pixels of the upright film; see `bars.choose_layout`."""

    def is_in_colour(self, pts: int) -> bool:
        """Whether the frame that is shown at this time keeps its chroma."""
        return self.scenes is not None and self.scenes.in_colour(pts)

    def dissolve(self, pts: int) -> Dissolve | None:
        """The dissolve between grey and colour that is shown at this time."""
        return None if self.scenes is None else self.scenes.dissolve(pts)


def probe_wanted(job: Job, on_read: ReadCallback) -> FilmInfo:
    """Read what the film of a job is; what is found by reading it through is kept in the workspace.

    Raises:
        UnsupportedError: it is no film that can be coloured, or has a size that the settings exclude.
        TruncatedError: it ends before its first frame.
        MediaError: nothing in it can be decoded.

    """
    check_file(job.source, job.settings.size)
    most, rate, streams = job.settings.film.max_megapixels, job.settings.sequences, recall_streams(job)
    info = probe_film(job.source, most, rate, streams, on_read)
    if streams is None and info.container in _READ_THROUGH:
        remember_streams(info.streams, job)
    check_picture(job.source, info.width, info.height, job.settings.size)
    return info


def becomes_frames(job: Job) -> bool:
    """Whether the result of a job is a folder of frames."""
    return job.settings.film.sequences_as == "frames" and is_sequence(job.source) and not job.compare


def plan_film(job: Job, info: FilmInfo, colorist: Colorist, on_read: ReadCallback) -> FilmPlan:
    """Make the plan of a film that was probed; the colorist is asked where a frame alone does not say what it is.

    Raises:
        InColourError: the film is in colour throughout, and the settings say that this matters.
        NegativeError: it is a negative, and the settings leave those alone, or it is of a kind that is not inverted.
        MediaError: it cannot be read.
        SettingsError: the configured encoder cannot encode it.

    """
    film = _AS_FRAMES if becomes_frames(job) else job.settings.film
    info, seen = _sample(info, job, film, colorist)
    shown = [one.shown for one in seen if one.shown is not None]
    pose = _pose_of(shown, job, colorist)
    may_be_inverted = _may_be_inverted(job) and not info.is_density  # whose codes have no such inverse
    inversion = _inversion_of(shown) if pose.is_negative and may_be_inverted else None
    if inversion is not None:
        pose = replace(_pose_of([inversion.positive(one) for one in shown], job, colorist), is_negative=False)
    info = replace(info, turn=pose.turn, inversion=inversion)
    encoding = choose_encoding(info, film)
    info = in_range_of(encoding, info)
    bars = sort_layouts((one.bars and set_upright(one.bars, info.turn) for one in seen), upright_size(info))
    container, steadiness = choose_container(info, encoding), job.settings.film.steadiness
    if becomes_frames(job):
        encoding, container = replace(encoding, notes=()), FRAMES  # the notes are about a file that nobody sees
    plan = FilmPlan(info, encoding, container, Scenes(), steadiness, bars)
    if job.settings.detection.checks_colour and has_chroma(VideoFormat(info.pixels)):
        has_colour = recall_scenes(job) is not None or any(one.has_colour for one in seen)
        loses_colour = inversion is not None and is_rgb(VideoFormat(info.pixels))  # nobody sees it later
        looks_through = has_colour or loses_colour
        plan = plan_scenes(plan, job, colorist, on_read) if looks_through else replace(plan, scenes=None)
    if pose.is_negative:  # not before: one in colour counts as that
        raise NegativeError(job.source.name, obstacle=_NO_INVERSE if _may_be_inverted(job) else "")
    return plan


def plan_scenes(plan: FilmPlan, job: Job, colorist: Colorist, on_read: ReadCallback) -> FilmPlan:
    """Add the scenes that are in colour to the plan of a film.

    They are found by looking through the film, and kept in the workspace for another attempt at the same job.

    Raises:
        InColourError: see `plan_film`.
        NegativeError: the film is inverted, and some scenes are in colour.

    """
    info = plan.info

    def frames() -> Iterator[Frame]:
        for number, frame in enumerate(read_frames(replace(info, inversion=None), job.excerpt)):
            on_read(min(1.0, number / max(1, info.expected)))
            yield frame

    scenes = recall_scenes(job)
    if scenes is None:
        scenes = find_scenes(frames(), info, colorist)
        remember_scenes(scenes, job)
    if scenes.all_in_colour:
        raise InColourError(job.source.name, width=info.width, height=info.height, frames=scenes.frames)
    if info.inversion and scenes.coloured:
        raise NegativeError(job.source.name, obstacle=_SOME_COLOUR)
    return replace(plan, scenes=scenes)


def upright_size(info: FilmInfo) -> tuple[int, int]:
    """Height and width of the upright film, in stored pixels."""
    return (info.width, info.height) if info.orientation > 4 else (info.height, info.width)


def _sample(info: FilmInfo, job: Job, settings: FilmSettings, colorist: Colorist) -> tuple[FilmInfo, list[_Seen]]:
    """The film with its scan, and what `_look` finds in sampled frames; none is decoded twice."""
    seen: list[_Seen] = []
    places: set[Place] = set()

    def runs() -> Iterator[Iterator[VideoFrame]]:
        for run in sample_runs(info, job.excerpt, _RUNS, RUN, places):
            if (first := next(run, None)) is not None:
                seen.append(_look(first, info, colorist))
                yield chain([first], run)

    scanned = judge_scan(info, runs(), settings)
    count = min(_MOST_SAMPLES, 1 + info.expected // _FRAMES_PER_SAMPLE)
    seen += (_look(picture, info, colorist) for picture in sample_pictures(info, job.excerpt, count, places))
    return scanned, seen


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is known of a sampled frame."""

    has_colour: bool
    """Whether it has chroma."""
    bars: Margins | None = None
    """Its bars, where it is shown; None where it does not tell."""
    shown: Tensor | None = None
    """What the network would see of it with `working_size: auto`, (1, 1, h, w)."""


def _look(picture: VideoFrame, info: FilmInfo, colorist: Colorist) -> _Seen:
    has_colour = has_chroma(picture.format) and varies(picture, info.coding)
    if (picture.height, picture.width) != (info.height, info.width):
        return _Seen(has_colour)
    luma = orient(info.coding.luma(luma_codes(picture, info.coding)), info.orientation)
    bars = find_bars(luma)
    inside = (bars or Margins()).inside(luma)[None, None].float().clamp(0, 1)
    down, across = (info.shape or 1, 1) if info.orientation > 4 else (1, info.shape or 1)
    height, width = round(inside.shape[2] * down) or 1, round(inside.shape[3] * across) or 1
    small = shrink(inside, working_extent(height, width, colorist.usual_size))
    return _Seen(has_colour, bars, density.shown(small) if info.is_density else small)


def _pose_of(shown: Sequence[Tensor], job: Job, colorist: Colorist) -> Pose:
    """The pose of a film, as far as the settings ask for it."""
    may_turn, may_be_negative = job.settings.film.turn == "auto", job.settings.detection.negatives != "colour"
    if not shown or not (may_turn or may_be_negative):
        return Pose()
    pose = colorist.common_pose(shown)
    return Pose(pose.turn if may_turn else 0, pose.is_negative and may_be_negative)


def _may_be_inverted(job: Job) -> bool:
    """Whether a film that is a negative becomes its positive, as far as the settings say."""
    return job.settings.detection.negatives == "invert"


def _inversion_of(shown: Sequence[Tensor]) -> Inversion:
    """The inversion of a film, by frames (1, 1, h, w) of all of it."""
    return Inversion.of(torch.cat([one.flatten() for one in shown]))
