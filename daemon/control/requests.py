"""What people can ask of the service, beside looking things up: one enumeration, and one function that applies it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from colorizer.errors import TintdError
from daemon.config.colour_choice import ColourChoice
from daemon.control.control_socket import Answer
from daemon.files.identity import Result
from daemon.journal import requests
from daemon.journal.journal import Journal

LONGEST_PAUSE = 7 * 24 * 60
"""Minutes of the longest pause that ends by itself."""


class Action(StrEnum):
    """A request that changes something."""

    RETRY = "retry"
    RECOLOR = "recolor"
    ADOPT = "adopt"
    CANCEL = "cancel"
    FORGET = "forget"
    FRONT = "front"
    PAUSE = "pause"
    PAUSE_NOW = "pause now"
    RESUME = "resume"


class RunningService(Protocol):
    """What a request changes beside the journal, where a service runs."""

    def cancel(self, pattern: str) -> list[int]:
        """Give up jobs, also those that run; returns their numbers."""

    def put_back(self) -> None:
        """Stop all running jobs, and let them wait again."""

    def find_again(self) -> None:
        """Take in again the files that the journal does not know any more."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What a request has done."""

    text: str
    """A sentence for people."""
    files: int | None = None
    """Number of files; None for a request that is not about files."""

    @property
    def facts(self) -> Answer:
        """The same as JSON; `says` is the name that `summary` had in version 0.1."""
        return {"summary": self.text, "files": self.files, "says": self.text}


class RequestError(TintdError):
    """There is no such request."""


def read_action(name: object) -> Action:
    """The action with a name.

    Raises:
        RequestError: there is none.

    """
    try:
        return Action.RECOLOR if name == "again" else Action(str(name))  # "again": a client of version 0.1
    except ValueError as error:
        raise RequestError(f"{name}: there is no such request; update tintd, or restart its service") from error


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asks for."""

    action: Action
    pattern: str
    """The files that are meant, by path, name, shell pattern or number (`id:12,13`)."""
    choice: ColourChoice | None = None
    """The settings with which files are coloured again; None for those that are configured."""
    minutes: int | None = None
    """The minutes after which a pause ends; None for one without an end."""
    found: Mapping[int, Result] | None = None
    """What a thread has found for `adopt` (see `journal.requests.look`); None: it is looked for when it is applied."""


def apply(request: Request, journal: Journal, now: float, service: RunningService | None = None) -> Applied:
    """Apply a request.

    Args:
        request: what to do.
        journal: where it is noted.
        now: seconds since the epoch.
        service: the service that runs; None where none does.

    """
    action, pattern = request.action, request.pattern
    match action:
        case Action.PAUSE | Action.PAUSE_NOW:
            if service and action is Action.PAUSE_NOW:
                service.put_back()
            return _pause(journal, request.minutes, now)
        case Action.RESUME:
            journal.pause(None)
            return Applied("resumed: waiting files are coloured")
        case Action.CANCEL if service:
            chosen = service.cancel(pattern)
        case Action.FORGET:
            chosen = requests.forget(journal, pattern)
            if service:
                service.find_again()
        case Action.ADOPT:
            found = requests.look(journal, pattern) if request.found is None else request.found
            chosen = requests.adopt(journal, found, now)
        case Action.RECOLOR:
            chosen = requests.recolor(journal, pattern, now, request.choice)
        case _:
            chosen = _REQUESTS[action](journal, pattern, now)
    return _applied(action, pattern, len(chosen))


_REQUESTS = {
    Action.RETRY: requests.retry,
    Action.CANCEL: requests.cancel,
    Action.FRONT: requests.move_to_front,
}
"""What only changes the journal."""


def _pause(journal: Journal, minutes: int | None, now: float) -> Applied:
    if minutes is None:
        journal.pause(now)
        return Applied("paused: no file is started until `tintd resume`")
    journal.pause(now, now + 60 * minutes)
    return Applied(f"paused: no file is started for {minutes} minutes")


_WORDS = {
    Action.RETRY: ("failed or skipped", "waits again", "wait again"),
    Action.RECOLOR: ("finished, failed or skipped", "will be coloured again", "will be coloured again"),
    Action.ADOPT: ("skipped", "has a result now", "have a result now"),
    Action.CANCEL: ("waiting or running", "cancelled", "cancelled"),
    Action.FRONT: ("waiting", "comes next", "come next"),
    Action.FORGET: ("waiting or ended", "forgotten", "forgotten"),
}
"""The files that an action applies to, and what happens to one or to several of them."""


def _applied(action: Action, pattern: str, files: int) -> Applied:
    which, one, many = _WORDS[action]
    if not files:
        return Applied(f"no {which} file matches {pattern}", 0)
    return Applied(f"1 file {one}" if files == 1 else f"{files} files {many}", files)
