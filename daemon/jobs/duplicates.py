"""Duplicates: files that seem to have the content of one that is done, and what is made of them by configuration."""

from __future__ import annotations

from daemon.config.settings import Config, Folder
from daemon.files.identity import identify
from daemon.jobs.delivery import lies_there
from daemon.jobs.running_job import settings_hash
from daemon.journal.journal import Journal
from daemon.journal.records import Entry

AGAIN = 2.0
"""Seconds until it is asked again whether the one that is being coloured is done."""


def find_twin(entry: Entry, folder: Folder, config: Config, journal: Journal, weights: str | None) -> Entry | None:
    """The original that a new file seems to be a duplicate of: it is done, or being done.

    Args:
        entry: of the new file. One that has ended before is no duplicate: somebody asked that it be coloured.
        folder: which says what is made of duplicates.
        config: has the other folders.
        journal: knows the fingerprints.
        weights: hash of those by which the new file would be coloured.

    """
    if folder.duplicates == "again":
        return None
    for other in journal.alike(entry.id):
        fits = _will_serve(other, folder, config) if other.state == "running" else _serves(other, folder, weights)
        if fits and (other.state == "running" or _is_as_it_was(other, journal)):
            return other
    return None


def _serves(done: Entry, folder: Folder, weights: str | None) -> bool:
    """Whether the result of one that is done is what a duplicate in this folder would get."""
    if folder.duplicates == "skip":
        return done.output is not None and done.output.is_relative_to(folder.output)
    return (done.settings, done.weights) == (settings_hash(folder.job_settings), weights)


def _will_serve(running: Entry, folder: Folder, config: Config) -> bool:
    """Whether the result of one that is being coloured will be."""
    theirs = config.folder_at(running.folder)
    if theirs is None:
        return False
    if folder.duplicates == "skip":
        return theirs.output == folder.output
    return theirs.job_settings == folder.job_settings


def _is_as_it_was(done: Entry, journal: Journal) -> bool:
    """Whether original and result are still those that the journal knows."""
    known = [] if done.output is None else journal.results_at(done.output)
    if not known or known[0][0].id != done.id or not lies_there(known[0][1]):
        return False
    return identify(done.source) == done.identity
