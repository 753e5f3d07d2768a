"""Delivery of a finished result: checked against its original once more, published, noted, the original moved."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from daemon.config import Folder
from daemon.journal import Entry, Journal, Result
from daemon.original import identify
from daemon.publisher import candidate_names, make_folder, name_first, publish, remove_note
from daemon.wanted import DONE


class ChangedError(Exception):
    """The original is no longer the file that was coloured."""


def deliver(finished: Path, suffix: str, entry: Entry, folder: Folder, journal: Journal) -> Path:
    """Publish a finished result.

    Args:
        finished: the complete temporary file, in the output folder's file system.
        suffix: of its format.
        entry: its job.
        folder: the watched folder of the original.
        journal: knows whose the names are.

    Returns:
        Where the result lies now.

    Raises:
        ChangedError: the original changed meanwhile; nothing was published.
        OSError: the output folder cannot be written.

    """
    if identify(entry.source) != entry.identity:
        raise ChangedError(entry.source)

    def free_names() -> Iterator[Path]:
        for name in candidate_names(folder.output, entry.path, suffix):
            publisher = journal.publisher_of(name)
            if publisher is None or _is_same_original(publisher[0], entry):
                yield name

    path = publish(
        finished,
        free_names(),
        may_replace=lambda name: _is_own_result(name, entry, journal),
        announce=lambda result: journal.announce(entry.id, result),
    )
    remove_note(folder.output, entry.path)
    return path


def lies_there(result: Result) -> bool:
    """Whether a result that was announced has been published, and is still as it was."""
    found = identify(result.path)
    return found is not None and (found.size, found.mtime_ns) == (result.size, result.mtime_ns)


def move_original(entry: Entry, folder: Folder, journal: Journal) -> None:
    """Move a finished original to `done/`, where that is configured and it is still what it was."""
    if folder.original != "move" or identify(entry.source) != entry.identity:
        return
    for name in candidate_names(folder.input / DONE, entry.path, entry.path.suffix):
        holder = journal.find(name, folder.input)
        if holder is not None and holder.id != entry.id:  # its original lay there once
            continue
        make_folder(name.parent)
        if name_first(entry.source, name):
            journal.relocate(entry.id, folder.input, name.relative_to(folder.input))
            return


def _is_own_result(name: Path, entry: Entry, journal: Journal) -> bool:
    """Whether a file is an earlier result of the same original, untouched since."""
    publisher = journal.publisher_of(name)
    if publisher is None or not _is_same_original(publisher[0], entry):
        return False
    return lies_there(publisher[1])


def _is_same_original(one: Entry, other: Entry) -> bool:
    return os.fspath(one.source) == os.fspath(other.source)
