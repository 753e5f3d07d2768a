"""What made the colour of a result, in words for its metadata: tintd's version, the weights, the settings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.metadata import version
from mmap import mmap

from colorizer.fingerprint import fingerprint
from colorizer.job import Job
from colorizer.originals import state_of
from colorizer.settings import ColourSettings, Steadiness

_ORIGINAL = re.compile(rb"tintd [^,<\0]{1,40}, weights [^<\0]{1,200}?, original \d{1,20} bytes ([0-9a-f]{64})")

REMEDIES = {1: "90 degrees clockwise", 2: "180 degrees", 3: "90 degrees counter-clockwise"}
"""How a picture is turned upright, by the number of quarter turns counter-clockwise from upright to the picture."""

_LIES = {1: "lie on its side", 2: "be upside down", 3: "lie on its side"}
"""What a picture does, by its turn."""


def made_with(weights: str, settings: ColourSettings, job: Job, steadiness: Steadiness | None = None) -> str:
    """Describe in one line what made the colour, and of which original.

    Args:
        weights: hash of the weights, in hexadecimal.
        settings: settings by which colour is chosen.
        job: what was coloured; the original is named only where the result is one of all of it.
        steadiness: that of a film.

    Raises:
        OSError: the original cannot be read.

    """
    chosen = f"vividness {settings.vividness}, working size {settings.working_size}"
    if steadiness is not None:
        chosen += f", steadiness {steadiness}"
    maker = f"tintd {version('tintd')}, weights {weights[:12]}, {chosen}"
    if job.excerpt or job.compare:
        return maker
    return f"{maker}, original {state_of(job.source).size} bytes {fingerprint(job.source)}"


def add_turns(maker: str, turns: Sequence[int]) -> str:
    """Add to a description (see `made_with`) how the pictures of a photograph were turned while it was coloured."""
    remedies = dict.fromkeys(REMEDIES[turn] for turn in turns if turn)
    return f"{maker}, seen turned by {' or '.join(remedies)}" if remedies else maker


def add_inversion(maker: str) -> str:
    """Add to a description (see `made_with`) that a negative was inverted before it was coloured."""
    return f"{maker}, inverted from a negative"


def originals_of(content: bytes | mmap) -> set[str]:
    """Find the fingerprints of the originals that the provenance in a result names.

    Args:
        content: bytes of a photograph or a film. All formats hold their metadata as plain text.

    """
    return {found[1].decode() for found in _ORIGINAL.finditer(content)}


def describe_turn(what: str, turn: int, setting: str) -> str:
    """Say by how many quarter turns a picture was turned for the network, and which setting forbids it."""
    return (
        f"{what} seems to {_LIES[turn]}: it got the colours that it would have if it was turned by {REMEDIES[turn]}; "
        f"if that is wrong, set `{setting}: keep`"
    )
