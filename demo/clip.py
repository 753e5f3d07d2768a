"""A short black-and-white film with sound, made by program: a pan over a picture, and a melody."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from PIL import Image

_SECONDS, _RATE = 4, 25
_WIDTH, _HEIGHT = 480, 270
_SOUND_RATE = 48_000
_NOTES = (262, 330, 392, 523, 392, 330, 262, 196)
"""Hertz, half a second each."""


def write_clip(picture: Path, path: Path) -> None:
    """Write the film, an MP4 of four seconds."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=_RATE, options={"crf": "20"})
        stream.width, stream.height, stream.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
        sound = container.add_stream("aac", rate=_SOUND_RATE)
        with Image.open(picture) as image:
            for number in range(_SECONDS * _RATE):
                container.mux(stream.encode(_view(image, number / (_SECONDS * _RATE))))
        container.mux(stream.encode(None))
        _write_melody(container, sound)


def _view(image: Image.Image, progress: float) -> av.VideoFrame:
    """What the camera sees at a moment between 0 and 1, on its way down and to the right."""
    width = image.width * 0.75
    height = width * _HEIGHT / _WIDTH
    left, top = progress * (image.width - width), progress * (image.height - height)
    view = image.convert("RGB").resize((_WIDTH, _HEIGHT), box=(left, top, left + width, top + height))
    return av.VideoFrame.from_ndarray(np.asarray(view), format="rgb24").reformat(format="yuv420p")


def _write_melody(container: av.container.OutputContainer, track: AudioStream) -> None:
    time = np.arange(_SECONDS * _SOUND_RATE) / _SOUND_RATE
    pitch = np.array(_NOTES)[(time * len(_NOTES) / _SECONDS).astype(int)]
    wave = (0.2 * np.sin(2 * np.pi * pitch * time)).astype(np.float32)
    for start in range(0, len(wave), 1024):
        frame = av.AudioFrame.from_ndarray(wave[None, start : start + 1024], format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = _SOUND_RATE, start, Fraction(1, _SOUND_RATE)
        container.mux(track.encode(frame))
    container.mux(track.encode(None))
