"""How a sub-command gets its answer: from the running service, or from the journal where no service runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import typer

from daemon.commands.patterns import EVERYTHING, absolute_pattern
from daemon.config.colour_choice import ColourChoice
from daemon.config.settings import Config, load_config, resolved_if_possible
from daemon.control import requests
from daemon.control.control_socket import Answer, ask
from daemon.control.requests import Action, Request
from daemon.journal.journal import opened
from daemon.journal.reader import JournalReader, opened_to_read
from daemon.runtime.state_lock import state_locked


def request(
    config: Path, action: Action, pattern: str = "*", minutes: int | None = None, choice: ColourChoice | None = None
) -> None:
    """Have the service apply a request, or apply it to the journal where no service runs; print what was done.

    Args:
        config: the configuration file.
        action: what to do.
        pattern: the files that are meant.
        minutes: the length of a pause; None for one without end.
        choice: the settings with which files are coloured again; None for those that are configured.

    Raises:
        typer.Exit: with 1, if the pattern is not that of all files and matches none.

    """
    settings = load_config(config, resolved_if_possible)
    pattern = completed(pattern, settings)
    details = {} if choice is None else {"choice": choice.model_dump(exclude_none=True)}
    answer = ask(settings.control_socket, action, pattern=pattern, minutes=minutes, **details)
    if answer is None:
        with state_locked(settings.state), opened(settings.state) as journal:
            answer = requests.apply(Request(action, pattern, choice, minutes), journal, time.time()).facts
    if answer["files"] == 0:
        end_without_match(pattern, answer["summary"])
    typer.echo(answer["summary"])


def completed(pattern: str, config: Config) -> str:
    """A pattern whose relative path, if it is one, starts from the current folder or from a watched one."""
    return absolute_pattern(pattern, [folder.input for folder in config.folders], Path.cwd())


def end_without_match(pattern: str, message: str) -> None:
    """Say that no file matches a pattern, unless it is that of all files, which match where there are any.

    Raises:
        typer.Exit: with 1.

    """
    if pattern not in EVERYTHING:
        typer.echo(f"tintd: {message}", err=True)
        raise typer.Exit(1)


def confirm(question: str, pattern: str, *, yes: bool) -> None:
    """Ask before something is done to all files, unless the person has agreed by --yes.

    Raises:
        typer.Abort: the person does not agree, or there is no terminal to ask on.

    """
    if pattern in EVERYTHING and not yes:
        typer.confirm(question, abort=True, err=True)


def look_up(config: Path, name: str, read: Callable[[JournalReader], Answer], **details: object) -> Answer:
    """Ask the service for `status` or `history`; where no service runs, read the journal."""
    settings = load_config(config, resolved_if_possible)
    answer = ask(settings.control_socket, name, **details)
    if answer is not None:
        return answer
    with opened_to_read(settings.state) as journal:
        return read(journal)
