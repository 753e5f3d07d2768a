"""The folders that tintd makes: those of the configuration, and for each job a work folder with its film's segments."""

from __future__ import annotations

import secrets
import shutil
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from colorizer.durable import make_folder
from colorizer.errors import TintdError
from daemon.config.settings import Folder
from daemon.files.exchange import put_back
from daemon.files.mounts import disk_of
from daemon.files.removal import ENDED, remove_folder
from daemon.jobs.delivery import result_folder
from daemon.journal.database import JournalError
from daemon.journal.journal import Journal
from daemon.journal.reader import opened_to_read
from daemon.journal.records import JobRecord

_RESULT = "result-"
"""Beginning of the names of results in a work folder."""


class FolderError(TintdError):
    """A configured folder cannot be made."""


def make_folders(folders: Iterable[Folder]) -> None:
    """Make the folders of results where they are missing, and those watched folders that may be made.

    Raises:
        FolderError: one cannot be made.

    """
    for folder in folders:
        for place in (folder.input, folder.output) if folder.make else (folder.output,):
            try:
                make_folder(place)
            except OSError as error:
                raise FolderError(f"{place}: the folder cannot be made: {error.strerror}") from error


def work_folder(job: JobRecord, folder: Folder, journal: Journal) -> Path:
    """The work folder of a job, on the disk of its result, so that publishing is a change of name.

    That is the output folder, or the sub-folder in it where another disk begins; the journal notes such a sub-folder.

    """
    path = work_path(job, folder, journal.id)
    if path.parent != folder.output:
        journal.outputs([path.parent])
    return path


def work_path(job: JobRecord, folder: Folder, journal: str) -> Path:
    """The path of the work folder of a job in a journal with an id."""
    return _place(folder.output, result_folder(job, folder)) / f".tintd-{journal}-{job.id}"


def prepare(workspace: Path) -> None:
    """Make a work folder, or clear one of earlier results; finished segments stay.

    Raises:
        OSError: the output folder cannot be written.

    """
    make_folder(workspace.parent)
    workspace.mkdir(exist_ok=True)
    put_back(workspace)
    _remove_results(workspace)


def leave(workspace: Path) -> None:
    """Keep the finished segments of a job that will be continued, or remove its work folder."""
    with suppress(OSError):  # the disk is away, or read-only: the next attempt prepares it
        if any(workspace.glob("segment-*.json")) or (workspace / "outline").exists():
            _remove_results(workspace)
        else:
            clear(workspace)


def new_result(workspace: Path) -> Path:
    """A path for the result of one attempt: a machine that comes back late with an earlier one overwrites nothing."""
    return workspace / f"{_RESULT}{secrets.token_hex(4)}"


def clear(workspace: Path) -> None:
    """Remove the work folder of a job that has ended."""
    with suppress(OSError):  # the disk is away: the sweeper does it
        put_back(workspace)
        if any(place.is_dir() for place in workspace.glob("*")):
            remove_folder(workspace)
        else:
            shutil.rmtree(workspace, ignore_errors=True)


class Sweeper:
    """Removes the work folders of jobs that have ended. It does so in a thread, because a disk may be slow, or away."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._thread = threading.Thread()

    def start(self, outputs: list[Path]) -> None:
        """Begin to look through folders of results, unless they are still being looked through."""
        if not self._thread.is_alive():
            arguments = (outputs, self._state)
            self._thread = threading.Thread(target=_sweep, args=arguments, name="sweeper", daemon=True)
            self._thread.start()


def _sweep(outputs: list[Path], state: Path) -> None:
    with suppress(JournalError), opened_to_read(state) as journal:
        for output in outputs:
            with suppress(OSError):  # its disk is away: another sweep finds them
                for workspace in output.glob(f".tintd-{journal.id}-*"):
                    job = workspace.name.rpartition("-")[2]
                    if not (job.isdigit() and journal.is_unfinished(int(job))):
                        with suppress(OSError):  # an earlier result in it cannot get its name back: it stays
                            _remove(workspace)


def _remove(workspace: Path) -> None:
    """Remove a work folder under another name, because its job may begin anew meanwhile, and make another one."""
    put_back(workspace)
    ended = workspace.with_name(f"{workspace.name}{ENDED}")
    if workspace.suffix != ended.suffix:
        shutil.rmtree(ended, ignore_errors=True)
        workspace = workspace.rename(ended)
    shutil.rmtree(workspace, ignore_errors=True)


def _remove_results(workspace: Path) -> None:
    for result in workspace.glob(f"{_RESULT}*"):
        if result.is_dir():
            remove_folder(result)
        else:
            result.unlink(missing_ok=True)


def _place(output: Path, target: Path) -> Path:
    """The first folder on the way from an output folder to one in it that lies on the same disk as the last one."""
    way = [place for place in (*reversed(target.parents), target) if place.is_relative_to(output)]
    try:
        disks = [disk_of(place) for place in way if place.is_dir()]
    except OSError:  # publishing will say what is wrong
        return output
    return way[disks.index(disks[-1])] if disks else output
