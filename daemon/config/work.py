"""How jobs are done: the settings of workers on this machine, and of a Ray cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from colorizer.settings import Section
from daemon.config.working_hours import Span, read_span


def _notes_of(written: object) -> object:
    """What `true` and `false` mean, as version 0.1 has them."""
    return {"True": "all", "False": "none"}.get(str(written), written)


class Work(Section):
    """How jobs are done."""

    executor: Literal["local", "ray"] = "local"
    """Where jobs are done: in workers of this machine, or on a Ray cluster (see `ray`)."""
    workers: PositiveInt = 1
    """Worker processes for each device."""
    order: Literal["oldest", "smallest", "photos"] = "oldest"
    """The waiting file of a folder that comes first: the one found first, the smallest, or photos before films."""
    attempts: PositiveInt = 3
    """Number of attempts, after which a file counts as failed."""
    retry_seconds: PositiveFloat = 30
    """Delay before the second attempt; each further delay is four times as long."""
    stall_seconds: PositiveFloat = 600
    """Time without progress after which a job is stopped; the attempt counts as failed."""
    job_seconds: PositiveFloat | None = None
    """Longest attempt; a longer one is stopped, and a film then continues from its last finished segment."""
    job_mib: PositiveInt | None = None
    """Most memory of a worker, its weights included; a worker with more is stopped, and the attempt has failed."""
    leak_mib: PositiveInt = 1024
    """Growth of a worker's memory between two jobs after which it is replaced."""
    idle_seconds: PositiveFloat | None = 900
    """Idle time after which a worker ends and frees its memory; the next file starts another."""
    photo_batch: PositiveInt = 16
    """Number of photographs that a worker gets together; those of similar size share one call of the network."""
    hours: tuple[Annotated[Span, BeforeValidator(read_span)], ...] = ()
    """Times at which jobs are done (22:00-06:00, mon-fri 18:00-08:00), in local time; empty: always."""
    nice: int = Field(default=0, ge=0, le=19)
    """How much workers give way to other programs: 0 (not at all) to 19."""
    io_class: Literal["normal", "low", "idle"] = "normal"
    """How workers share the disk; idle: only when nobody else uses it."""
    grace_seconds: NonNegativeFloat = 20
    """Time for running jobs to finish when the service stops; others start again later."""
    spare_mib: NonNegativeInt = 1024
    """Free space on the disk of their results below which jobs pause (on the journal's disk: an eighth of it)."""
    history_days: PositiveFloat = 365
    """Days after the end of its job after which the journal forgets a file that is gone."""
    failure_notes: Annotated[Literal["all", "failed", "none"], BeforeValidator(_notes_of)] = "all"
    """The files without a result that get a note with the reason (NAME.failed.txt, NAME.skipped.txt) in the output."""


class RaySettings(Section):
    """The Ray cluster on which jobs are done if `work.executor` is `ray`."""

    address: str = "auto"
    """HOST:PORT of the head, or auto: the cluster of which this machine is a node."""
    slots: PositiveInt = 1
    """Jobs that are done at the same time, each in a process with the weights loaded, on any node."""
    cpus_per_slot: PositiveFloat = 1
    """Processors that Ray keeps for a slot; it computes with as many threads."""
    gpus_per_slot: NonNegativeFloat = 0
    """GPUs that Ray keeps for a slot; with 0.5, two slots share one."""
    runtime_env: dict[str, Any] = Field(default={})
    """Ray's runtime environment of the slots, such as {env_vars: {NAME: text}}."""
    paths: dict[Path, Path] = Field(default={})
    """Folders of this machine, and where the nodes have them; a folder that is not named has the same path there."""
