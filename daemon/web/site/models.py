"""The answers of the programming interface, which OpenAPI describes; `tintd status --json` has the same fields."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

JobState = Literal["waiting", "held", "running", "done", "failed", "skipped"]


class Model(BaseModel):
    """An answer."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class PauseModel(Model):
    """One reason to start no jobs."""

    by: str = Field(description="person, hours, disk or journal")
    reason: str
    since: float = Field(description="seconds since the epoch")
    until: float | None = Field(None, description="when it ends by itself; null where that is not known")


class WorkerModel(Model):
    """One worker process."""

    worker: str = Field(description="process number and device")
    ready: bool = Field(description="whether its weights are loaded")
    files: list[str] = Field(description="paths of the files that it colours")


class ProgressModel(Model):
    """How far a running file is."""

    job: int
    frames_done: int
    frames: int = Field(description="0 where the number is not known")
    frames_per_second: float | None
    read: float | None = Field(None, description="share of a film that was read, while it is read through before")
    fraction: float | None
    seconds_left: float | None


class WatchModel(Model):
    """How the files of a watched folder are found."""

    folder: str
    by: Literal["events", "polling"] = Field(description="whether the kernel reports new files, or scans find them")
    scanned: float | None = Field(description="end of the last complete scan, in seconds since the epoch")
    problem: str | None = Field(description="why new files may be found late, or not at all")


class ServiceModel(Model):
    """The running service."""

    pid: int
    summary: str = Field(description="one line for people")
    workers: list[WorkerModel]
    jobs: list[ProgressModel] = Field([], description="the running files")
    watches: list[WatchModel] = Field([], description="the watched folders")
    seconds_left: float | None = Field(None, description="until all files are done")


class StatusModel(Model):
    """What the service does."""

    counts: dict[JobState, int] = Field(description="number of files in each state")
    paused: list[PauseModel] = Field(description="why no jobs are started")
    service: ServiceModel | None = Field(description="null where no service runs")


class JobModel(Model):
    """One file."""

    job: int = Field(description="its number")
    file: str = Field(description="path of the original")
    state: JobState
    attempts: int
    reason: str | None = Field(description="why it waits, has failed or was skipped")
    output: str | None = Field(description="path of the result")
    seconds: float | None = Field(description="how long colouring took")
    frames_done: int
    frames: int = Field(description="0 where the number is not known")
    read: float | None = Field(None, description="share of a film that was read, while it is read through before")
    due: float = Field(description="when it may start, in seconds since the epoch")
    settings: str | None = Field(description="hash of the settings that made the result")
    weights: str | None = Field(description="hash of the weights that made the result")
    notes: list[str] = Field(description="in what the result differs from the original, beside its colour")
    choice: dict[str, Any] | None = Field(None, description="the settings that a person has chosen for this file")


class LogLineModel(Model):
    """A line of the service's log."""

    at: float = Field(description="seconds since the epoch")
    level: str
    event: str
    details: dict[str, Any] = Field(description="what the line says beside the event")


class AttemptModel(Model):
    """One attempt at a file."""

    attempt: int
    begun: float = Field(description="seconds since the epoch")
    ended: float | None
    worker: str
    outcome: str | None = Field(description="null while the attempt goes on")
    reason: str | None
    signal: str | None = Field(description="the signal that ended the worker")
    log: list[LogLineModel] = Field([], description="what the service's log says about it: the latest lines")


class JobDetailModel(JobModel):
    """One file with its attempts, the latest first."""

    history: list[AttemptModel]


class JobListModel(Model):
    """A page of files."""

    jobs: list[JobModel]
    next: str | None = Field(description="cursor of the next page; null on the last one")


class AppliedModel(Model):
    """What a request has done."""

    summary: str = Field(description="a sentence for people")
    files: int | None = Field(description="number of files; null for a request that is not about files")


class ErrorModel(Model):
    """What is wrong."""

    error: str
