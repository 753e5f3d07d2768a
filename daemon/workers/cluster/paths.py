"""Paths of the service's machine as the nodes of a cluster see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from colorizer.job import Job
from colorizer.settings import ColourSettings
from daemon.workers.task import (
    CheckDuplicate,
    ColouredFile,
    ColourFiles,
    ColourPart,
    MakePreview,
    MakeTrial,
    PlanFilm,
    SurveySpan,
    Task,
)

Paths = Mapping[Path, Path]
"""Folders of the service's machine, and where the nodes have them."""


def on_node(path: Path, paths: Paths) -> Path:
    """The path of a file on the nodes; the deepest folder that is named decides."""
    folders = [folder for folder in paths if path.is_relative_to(folder)]
    if not folders:
        return path
    deepest = max(folders, key=lambda folder: len(folder.parts))
    return paths[deepest] / path.relative_to(deepest)


def colour_on_node(colour: ColourSettings, paths: Paths) -> ColourSettings:
    """Colour settings whose weights file lies where the nodes have it."""
    if colour.weights == "default":
        return colour
    return colour.model_copy(update={"weights": on_node(colour.weights, paths)})


def task_on_node(task: Task, paths: Paths) -> Task:
    """A task whose files lie where the nodes have them."""
    match task:
        case ColourFiles(jobs):
            return ColourFiles({key: _job_on_node(job, paths) for key, job in jobs.items()})
        case CheckDuplicate(_, job, coloured):
            return replace(task, job=_job_on_node(job, paths), coloured=_coloured_on_node(coloured, paths))
        case PlanFilm(_, job) | SurveySpan(_, job) | ColourPart(_, job):
            return replace(task, job=_job_on_node(job, paths))
        case MakeTrial(_, job, result, shown):
            job = _job_on_node(job, paths)
            return replace(task, job=job, result=on_node(result, paths), shown=on_node(shown, paths))
        case MakePreview(_, source, stills, clip):
            there = {on_node(still, paths): side for still, side in stills.items()}
            return replace(task, source=on_node(source, paths), stills=there, clip=clip and on_node(clip, paths))


def _job_on_node(job: Job, paths: Paths) -> Job:
    photo, profile = job.settings.photo, job.settings.photo.profile
    if isinstance(profile, Path):
        photo = photo.model_copy(update={"profile": on_node(profile, paths)})
    return replace(
        job,
        source=on_node(job.source, paths),
        target=on_node(job.target, paths),
        workspace=on_node(job.workspace, paths),
        settings=job.settings.model_copy(
            update={"colour": colour_on_node(job.settings.colour, paths), "photo": photo},
        ),
    )


def _coloured_on_node(coloured: ColouredFile, paths: Paths) -> ColouredFile:
    result = None if coloured.result is None else on_node(coloured.result, paths)
    return ColouredFile(on_node(coloured.original, paths), result)
