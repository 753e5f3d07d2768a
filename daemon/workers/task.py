"""Tasks: what an executor is given to do. A task names all that it needs, so any process on any machine can do it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import ClassVar

from colorizer.job import Job, Part, Span
from colorizer.originals import OriginalState


class TaskKind(StrEnum):
    """What is done. A new kind is one name here, one class below, and one case in `worker_main`."""

    COLOUR = "colour"
    CHECK_DUPLICATE = "check duplicate"
    PREVIEW = "preview"
    TRIAL = "trial"
    PLAN_FILM = "plan film"
    SURVEY_SPAN = "survey span"
    COLOUR_PART = "colour part"


@dataclass(frozen=True, slots=True)
class ColourFiles:
    """Colour one file, or several photographs; photographs of the same size share one call of the network."""

    kind: ClassVar[TaskKind] = TaskKind.COLOUR
    jobs: Mapping[int, Job]
    """The files, by the keys that the events about them carry."""

    @property
    def keys(self) -> tuple[int, ...]:
        """Keys of the pieces of work, in their order."""
        return tuple(self.jobs)


@dataclass(frozen=True, slots=True)
class _OnePiece:
    """A task that is one piece of work."""

    key: int
    """The key that the events carry."""

    @property
    def keys(self) -> tuple[int, ...]:
        """Keys of the pieces of work: one."""
        return (self.key,)


@dataclass(frozen=True, slots=True)
class ColouredFile:
    """A file that has been coloured."""

    original: Path
    result: Path | None
    """The result to use again; None if a duplicate gets no result."""
    known: Mapping[Path, OriginalState] = field(default_factory=dict)
    """What of both has many files, in the state that it must have."""


@dataclass(frozen=True, slots=True)
class CheckDuplicate(_OnePiece):
    """Compare a file with one that has been coloured; use that result again, or colour the file if they differ."""

    kind: ClassVar[TaskKind] = TaskKind.CHECK_DUPLICATE
    job: Job
    coloured: ColouredFile


@dataclass(frozen=True, slots=True)
class MakePreview(_OnePiece):
    """Make pictures, or a short copy of a film, that a browser can show; it needs no weights."""

    kind: ClassVar[TaskKind] = TaskKind.PREVIEW
    source: Path
    stills: Mapping[Path, int]
    """The JPEG files to write, and the longest side of each in pixels."""
    clip: Path | None = None
    """The MP4 to write of a film."""


@dataclass(frozen=True, slots=True)
class MakeTrial(_OnePiece):
    """Colour a reduced photograph, or seconds of a film, with other settings, and show the present result beside it."""

    kind: ClassVar[TaskKind] = TaskKind.TRIAL
    job: Job
    result: Path
    """The present result."""
    shown: Path
    """The file to write of the present result; the job's target is that of the trial."""


@dataclass(frozen=True, slots=True)
class PlanFilm(_OnePiece):
    """Divide a film into parts; one that has no parts is coloured as a whole."""

    kind: ClassVar[TaskKind] = TaskKind.PLAN_FILM
    job: Job
    is_surveyed: bool
    """Whether other workers have looked at its spans, so that this one looks at what is left."""


@dataclass(frozen=True, slots=True)
class SurveySpan(_OnePiece):
    """Look where segments begin in a span of a film; `PlanFilm` divides the film into parts when all are done."""

    kind: ClassVar[TaskKind] = TaskKind.SURVEY_SPAN
    job: Job
    span: Span


@dataclass(frozen=True, slots=True)
class ColourPart(_OnePiece):
    """Colour a part of a film that has been planned; `ColourFiles` joins the parts when all are done."""

    kind: ClassVar[TaskKind] = TaskKind.COLOUR_PART
    job: Job
    part: Part


Task = ColourFiles | CheckDuplicate | PlanFilm | SurveySpan | ColourPart | MakePreview | MakeTrial


def jobs_of(task: Task) -> tuple[Job, ...]:
    """The jobs of the files that a task is about; a preview has none."""
    match task:
        case ColourFiles(jobs):
            return tuple(jobs.values())
        case MakePreview():
            return ()
        case _:
            return (task.job,)
