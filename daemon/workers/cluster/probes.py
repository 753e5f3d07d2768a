"""Proof that a node sees a folder of the service: a probe file is read there, and another one written and renamed."""

from __future__ import annotations

import errno
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from daemon.workers.cluster.messages import SharedFolder
from daemon.workers.cluster.paths import Paths, on_node

_PREFIX = ".tintd-probe-"
"""Beginning of the names; the service ignores such files, and removes those that an earlier one has left."""

_OLD = 3600.0
"""Age in seconds after which no service waits for a probe any more."""


@dataclass(frozen=True, slots=True)
class Probe:
    """The probe files of a watched folder, on the nodes."""

    input: Path
    """The probe in the input; the folder itself where the service cannot write."""
    output: Path
    """The probe in the output."""
    content: str


@contextmanager
def probes(folders: Sequence[SharedFolder], paths: Paths) -> Iterator[tuple[Probe, ...]]:
    """Write a probe file to each input and output; they are removed afterwards."""
    content = secrets.token_hex(8)
    name = f"{_PREFIX}{content}"
    try:
        yield tuple(_written(folder, name, content, paths) for folder in folders)
    finally:
        for folder in folders:
            for place in (folder.input, folder.output):
                with suppress(OSError):
                    (place / name).unlink(missing_ok=True)


def find_fault(probe: Probe) -> str | None:
    """Say why this node cannot use a folder; None if it can read the input, and write to the output."""
    try:
        _read(probe.input, probe.content)
        _read(probe.output, probe.content)
        _write(probe.output.with_name(f"{probe.output.name}-{secrets.token_hex(4)}"))
    except OSError as error:
        return f"{error.filename or probe.output.parent}: {error.strerror or error}"
    return None


def remove_old_probes(folders: Sequence[SharedFolder]) -> None:
    """Remove the probe files of a service that was killed."""
    for folder in folders:
        for place in (folder.input, folder.output):
            with suppress(OSError):
                for probe in place.glob(f"{_PREFIX}*"):
                    if time.time() - probe.stat().st_mtime > _OLD:
                        probe.unlink(missing_ok=True)


def _written(folder: SharedFolder, name: str, content: str, paths: Paths) -> Probe:
    output = folder.output / name
    with suppress(OSError):  # the disk is away or full: the node finds no probe, and says so
        output.write_text(content)
    seen = folder.input / name
    try:
        seen.write_text(content)
    except OSError:  # originals are only read, so the folder may be read-only
        seen = folder.input
    return Probe(on_node(seen, paths), on_node(output, paths), content)


def _read(probe: Path, content: str) -> None:
    """Read a probe.

    Raises:
        OSError: it is not there, or cannot be read.

    """
    if probe.is_dir():
        next(os.scandir(probe), None)
    elif probe.read_text() != content:
        raise OSError(errno.ESTALE, "another folder than that of the service", str(probe))


def _write(path: Path) -> None:
    """Write a file, flush it and give it another name, as workers do.

    Raises:
        OSError: one of these is not possible.

    """
    renamed = path.with_name(f"{path.name}-renamed")
    try:
        with path.open("w") as file:
            file.write(path.name)
            file.flush()
            os.fsync(file.fileno())
        path.replace(renamed)
    finally:
        path.unlink(missing_ok=True)
        renamed.unlink(missing_ok=True)
