"""What became of a file that was coloured."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Report:
    """The result of one job, for the journal and for people."""

    kind: Literal["photo", "film"]
    suffix: str
    """Of the result's format, with its dot."""
    width: int
    height: int
    frames: int = 1
    notes: tuple[str, ...] = field(default=())
    """Everything in which the result differs from the original, beside its colour."""


def counted(number: int, noun: str) -> str:
    """A number of things: "1 chapter", "2 chapters"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
