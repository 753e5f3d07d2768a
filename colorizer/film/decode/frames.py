"""A film's frames in the order of their display: of one size and format, each with a usable timestamp."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import cast

from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from colorizer.film.decode.deinterlacing import deinterlace
from colorizer.film.decode.deviations import DAMAGED, MISSING, Flaw
from colorizer.film.decode.packets import decode_pictures
from colorizer.film.decode.probe import Footage, Frame, open_film
from colorizer.job import Piece

_NEARLY_ONE = 0.9
"""Frames that a gap must be long: pulldown shows frames for half a frame longer."""


def read_frames(
    footage: Footage, piece: Piece | None = None, since: int | None = None, beat: Callable[[], None] = lambda: None
) -> Iterator[Frame]:
    """Decode a film's frames in the order of their display.

    Each begins later than the one before: timestamps that the file lacks are made from the frame rate. Packets that
    cannot be decoded are left out, and the frame after them says so, as does one after a gap.

    Args:
        footage: the film.
        piece: which part of it, else all of it.
        since: a timestamp to seek, in the stream's time base; the frames before it are left out.
        beat: told of each frame that is decoded and left out: between two key frames there may be hours.

    """
    with open_film(footage.path) as container:
        stream = cast("VideoStream", container.streams[footage.index])
        stream.thread_type = "AUTO"
        start, stop = _window(footage, piece)
        start = start if since is None else since
        if start is not None:
            container.seek(start, stream=stream)
        frames = _timed(container, stream, footage, start or 0)
        for frame in frames if footage.fields else deinterlace(frames, footage):
            if start is not None and frame.pts < start:
                beat()
                continue
            if stop is not None and frame.pts >= stop:
                return
            yield frame


def _timed(container: InputContainer, stream: VideoStream, footage: Footage, due: int) -> Iterator[Frame]:
    last: int | None = None
    for picture, damaged in decode_pictures(container, stream):
        pts = due if picture.pts is None else picture.pts
        missing = last is not None and footage.steady and pts - due > _NEARLY_ONE * footage.usual_duration
        begin = pts if last is None else min(due, pts)
        last = pts if last is None else max(pts, last + 1)
        due = last + (picture.duration or footage.usual_duration)
        flaws = (Flaw(DAMAGED, begin, due),) if damaged else (Flaw(MISSING, begin, last),) if missing else ()
        frame = _uniform(Frame(picture, last, due, flaws), footage)
        frame.picture.pts, frame.picture.time_base = last, footage.time_base
        yield frame


def _uniform(frame: Frame, footage: Footage) -> Frame:
    """The frame in the size and format of the film's first one, in which encoders must go on."""
    picture = frame.picture
    if (picture.width, picture.height, picture.format.name) == (footage.width, footage.height, footage.pixels):
        return frame
    uniform = picture.reformat(footage.width, footage.height, footage.pixels)
    same_size = (picture.width, picture.height) == (footage.width, footage.height)
    what = f"{picture.format.name} became {footage.pixels}" if same_size else _scaling(picture, footage)
    return replace(frame, picture=uniform, flaws=(*frame.flaws, Flaw(what, frame.pts, frame.end)))


def _scaling(picture: VideoFrame, footage: Footage) -> str:
    return f"{picture.width} x {picture.height} was scaled to the {footage.width} x {footage.height} of the first frame"


def _window(footage: Footage, piece: Piece | None) -> tuple[int | None, int | None]:
    """First timestamp and the one after the last, in the stream's time base."""
    if piece is None:
        return None, None
    start = round((footage.start + Fraction(piece.start)) / footage.time_base)
    if piece.length is None:
        return start, None
    return start, start + round(Fraction(piece.length) / footage.time_base)
