"""Whether libav has an encoder. Only commands that a person waits for ask: the service never imports av."""

from __future__ import annotations

import difflib

REPLACEABLE = frozenset({"auto", "h264", "hevc", "av1", "prores", "ffv1", "h264_nvenc", "hevc_nvenc", "av1_nvenc"})
"""Names for which another encoder is taken where libav lacks one, so that no film fails for it."""


def missing_encoder(name: str) -> str | None:
    """Why libav cannot encode with an encoder, in a sentence with the most similar name; None if it can."""
    from av.codec import Codec, codecs_available  # noqa: PLC0415 (slow to load)
    from av.codec.codec import UnknownCodecError  # noqa: PLC0415

    from colorizer.film.encode.presets import PRESETS  # noqa: PLC0415

    try:
        codec = Codec(PRESETS.get(name, name), "w")
    except UnknownCodecError:
        near = difflib.get_close_matches(name, [*PRESETS, *sorted(codecs_available)], n=1)
        hint = f"did you mean {near[0]}?" if near else "use auto, h264, hevc, av1, prores or ffv1"
        return f"there is no encoder {name}; {hint}"
    return None if codec.type == "video" else f"{name} encodes no pictures"
