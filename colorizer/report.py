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
