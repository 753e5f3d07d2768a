"""Encoders: their names, and the options of each for quality and speed."""

from __future__ import annotations

from typing import get_args

from colorizer.settings import FilmSettings, Speed

PRESETS = {
    "h264": "libx264",
    "hevc": "libx265",
    "av1": "libsvtav1",
    "prores": "prores_ks",
    "ffv1": "ffv1",
}
"""libav's names of the encoders that the configuration calls by a short name."""

NAMES = {
    "libx264": "H.264",
    "libx265": "HEVC",
    "libsvtav1": "AV1",
    "prores_ks": "ProRes",
    "ffv1": "FFV1",
    "h264_nvenc": "H.264 (NVENC)",
    "hevc_nvenc": "HEVC (NVENC)",
    "av1_nvenc": "AV1 (NVENC)",
}

SUBSTITUTES = {
    "ffv1": ("libx264",),
    "libx265": ("libx264",),
    "libsvtav1": ("libx264",),
    "h264_nvenc": ("libx264",),
    "hevc_nvenc": ("libx265", "libx264"),
    "av1_nvenc": ("libsvtav1", "libx264"),
}
"""Encoders that take the place of one that does not support a size, or that the machine does not have."""

FIELD_CODECS = frozenset({"libx264", "prores_ks", "ffv1", "mpeg2video"})
"""Encoders that can encode interlaced pictures as such."""

_SPEEDS: tuple[str, ...] = get_args(Speed)
_AV1_SCALE = 63 / 51
"""SVT-AV1's constant rate factor goes to 63, that of H.264 to 51."""


def name_of(codec: str) -> str:
    """The name of an encoder in reports."""
    return NAMES.get(codec, codec)


def encoder_options(codec: str, settings: FilmSettings) -> dict[str, str]:
    """The options of an encoder for quality and speed."""
    quality, pace = settings.quality, _SPEEDS.index(settings.speed)
    match codec:
        case "libx264":
            options = {"preset": settings.speed} | ({"crf": str(quality)} if quality else {"qp": "0"})
        case "libx265":
            parameters = "log-level=error" + ("" if quality else ":lossless=1")
            options = {"preset": settings.speed, "crf": str(quality), "x265-params": parameters}
        case "libsvtav1":
            options = {"crf": str(round(quality * _AV1_SCALE)), "preset": str(12 - pace)}
        case "h264_nvenc" | "hevc_nvenc" | "av1_nvenc":
            preset = f"p{1 + pace * 6 // (len(_SPEEDS) - 1)}"
            options = {"rc": "vbr", "cq": str(max(1, quality)), "b": "0", "preset": preset}
        case "prores_ks":
            options = {"vendor": "apl0"}
        case "ffv1":
            options = {"level": "3", "slicecrc": "1", "slices": "4", "g": "1"}
        case _:
            options = {}
    return options
