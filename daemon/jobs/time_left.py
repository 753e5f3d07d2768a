"""An estimate of the time until all files are done."""

from __future__ import annotations

from collections.abc import Collection

from colorizer.photo.formats import is_named_as_photo
from daemon.jobs.running_job import RunningJob
from daemon.journal.workload import Workload


def seconds_left(workload: Workload, running: Collection[RunningJob], workers: int, now: float) -> float | None:
    """Seconds until all that waits or runs is done.

    Args:
        workload: what waits, and how fast files were done lately.
        running: the running jobs.
        workers: the number of workers.
        now: the present time, in seconds since the epoch.

    Returns:
        An estimate from the speed of the latest files of the same kind; None while no file of a kind has been done, and
        no running film tells its speed.

    """
    speeds = {True: _running_speed(running), **workload.bytes_per_second}
    waiting = 0.0
    for is_film, size in workload.waiting.items():
        speed = speeds.get(is_film)
        if not speed:
            return None
        waiting += size / speed
    left = [_left(job, speeds) for job in running]
    known = [seconds for seconds in left if seconds is not None]
    if len(known) < len(left):
        return None
    until_due = 0.0 if workload.last_due is None else workload.last_due - now
    return max(sum(known) / max(1, workers) + waiting, max(known, default=0.0), until_due)


def _left(job: RunningJob, speeds: dict[bool, float | None]) -> float | None:
    """Seconds until a running job is done."""
    progress, speed = job.progress, speeds.get(_is_film(job))
    if progress.seconds_left is not None:
        return progress.seconds_left
    return job.record.identity.size * (1 - (progress.fraction or 0)) / speed if speed else None


def _running_speed(running: Collection[RunningJob]) -> float | None:
    """Bytes a second of all running films together; None where none tells its speed."""
    films = [(job.record.identity.size, job.progress) for job in running if job.frames]
    speeds = [size * film.frames_per_second / film.frames for size, film in films if film.frames_per_second]
    return sum(speeds) or None


def _is_film(job: RunningJob) -> bool:
    return not is_named_as_photo(job.record.path)
