"""Duplicates: files that seem to have the content of a coloured one, and what the configuration makes of them."""

from __future__ import annotations

from functools import partial

from colorizer.originals import is_frames_folder, is_of_many_files
from daemon.config.disk_questions import DiskQuestions
from daemon.config.settings import Config, Folder
from daemon.files.identity import Result, Seen, exists, identify
from daemon.jobs.delivery import is_unchanged
from daemon.jobs.running_job import settings_hash
from daemon.journal.journal import Journal
from daemon.journal.records import JobRecord

RECHECK_SECONDS = 2.0
"""Seconds for which a duplicate waits before it is checked again whether the other file is done."""


def find_coloured(  # noqa: PLR0913, PLR0917 (each is another thing)
    record: JobRecord, folder: Folder, config: Config, journal: Journal, weights: str | None, questions: DiskQuestions
) -> JobRecord | None:
    """The job of another file that seems to have the same content, done or running, and whose result can be used.

    Args:
        record: the job of the new file. One that has ended before is no duplicate: a person asked for its colours.
        folder: the watched folder of the new file; it says what is made of duplicates.
        config: the configuration of the other folders.
        journal: the fingerprints and the results.
        weights: the hash of the weights that would colour the new file.
        questions: asks the disks of the other files; those on one that does not answer are not used.

    """
    if folder.duplicates == "again":
        return None
    for other in journal.similar(record.id):
        if other.state == "running":
            if _will_serve(other, folder, config):
                return other
        elif _serves(other, folder, weights) and _is_as_it_was(other, journal, questions):
            return other
    return None


def _serves(done: JobRecord, folder: Folder, weights: str | None) -> bool:
    """Whether a result is what a duplicate in this folder would get."""
    if folder.duplicates == "skip":
        return done.output is not None and done.output.is_relative_to(folder.output)
    return (done.settings, done.weights) == (settings_hash(folder.job_settings), weights)


def _will_serve(running: JobRecord, folder: Folder, config: Config) -> bool:
    """Whether the result of a running job will be."""
    theirs = config.folder_at(running.folder)
    if theirs is None:
        return False
    if folder.duplicates == "skip":
        return theirs.output == folder.output
    return theirs.job_settings == folder.job_settings


def _is_as_it_was(done: JobRecord, journal: Journal, questions: DiskQuestions) -> bool:
    """Whether the original and the result are still those that the journal knows; the worker looks at many files."""
    known = [] if done.output is None else journal.results_at(done.output)
    if not known or known[0][0].id != done.id:
        return False
    return questions.says_yes(done.folder, partial(_are_there, done, known[0][1]))


def _are_there(done: JobRecord, result: Result) -> bool:
    if not (is_frames_folder(result.path) or is_unchanged(result, Seen())):
        return False
    return exists(done.source) if is_of_many_files(done.source) else identify(done.source) == done.identity
