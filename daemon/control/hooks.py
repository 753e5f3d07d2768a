"""Calls a command or a webhook for each file that is done, has failed or was skipped, at least once.

An event enters the journal's outbox in the transaction that ends its job, and leaves it after it was delivered. So a
crash between the two loses no event, but one may be delivered twice.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.request
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict

import structlog

from daemon.config.settings import Hook, Hooks
from daemon.files.text import in_words
from daemon.journal.outbox import HookEvent, Outbox
from daemon.journal.states import State

_log = structlog.get_logger()


class HookRunner:
    """Delivers the events of the outbox one after the other, in a thread of its own."""

    def __init__(self, outbox: Outbox, hooks: Hooks, wake: Callable[[], None]) -> None:
        """Have the outbox store events from now on.

        Args:
            outbox: the journal's.
            hooks: the commands and webhooks to call.
            wake: called in another thread when an event was delivered, or its delivery has failed.

        """
        self._outbox = outbox
        self._hooks = hooks
        self._wake = wake
        self._delivery: tuple[HookEvent, Future[None]] | None = None
        """The event that is being delivered."""
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="hooks")
        self._of_states: dict[State, Hook] = {"done": hooks.done, "failed": hooks.failed, "skipped": hooks.skipped}
        outbox.subscribe(state for state, hook in self._of_states.items() if hook.is_set)

    @property
    def is_busy(self) -> bool:
        """Whether an event is being delivered."""
        return self._delivery is not None

    def poll(self, now: float) -> None:
        """Finish a delivery that has ended, and begin the next that is due; `now` is in seconds since the epoch."""
        if self._delivery is not None and self._delivery[1].done():
            self._finish(*self._delivery, now)
            self._delivery = None
        if self._delivery is None:
            self._begin(now)

    def next_due(self) -> float | None:
        """When the next event is due, in seconds since the epoch; None where none waits, or one is being delivered."""
        return None if self.is_busy else self._outbox.next_due()

    def stop(self) -> None:
        """Begin no more deliveries. The present one may end, or is repeated after the next start."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _begin(self, now: float) -> None:
        event = self._outbox.next(now)
        if event is None:
            return
        future = self._threads.submit(call, event, self._of_states[event.state], self._hooks.timeout_seconds)
        future.add_done_callback(lambda _: self._wake())
        self._delivery = event, future

    def _finish(self, event: HookEvent, future: Future[None], now: float) -> None:
        error = future.exception()
        if error is None:
            self._outbox.remove(event)
            return
        wait = self._outbox.postpone(event, now)
        _log.warning("a hook failed; it is called again", job=event.job, reason=in_words(error), seconds=round(wait))


def call(event: HookEvent, hook: Hook, timeout: float) -> None:
    """Call the command and the webhook of an event, those that are configured.

    Raises:
        OSError: the command cannot be started, or the webhook cannot be reached or refuses.
        subprocess.SubprocessError: the command failed, or took too long.

    """
    facts = json.dumps(asdict(event) | {"file": _as_text(event.file), "output": _as_text(event.output)})
    if hook.command:
        _run(hook.command, event, facts, timeout)
    if hook.webhook is not None:
        _post(str(hook.webhook), event, facts, timeout)


def _run(command: tuple[str, ...], event: HookEvent, facts: str, timeout: float) -> None:
    """Run a program with the configured arguments, and without a shell, which would interpret the file's name."""
    named = {key: os.fsencode(str(value)) for key, value in asdict(event).items() if value is not None}
    environment = os.environb | {f"TINTD_{key.upper()}".encode(): value for key, value in named.items()}
    with subprocess.Popen(  # noqa: S603 (the command is the configuration's, and a list)
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment, process_group=0
    ) as process:
        try:
            process.communicate(facts.encode(), timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # with the programs that a script has started
            raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def _post(address: str, event: HookEvent, facts: str, timeout: float) -> None:
    headers = {"Content-Type": "application/json", "Idempotency-Key": f"tintd-{event.job}-{event.id}"}
    request = urllib.request.Request(address, facts.encode(), headers, method="POST")  # noqa: S310 (checked: http or https)
    with urllib.request.urlopen(request, timeout=timeout):  # noqa: S310
        pass


def _as_text(path: str | None) -> str | None:
    """A path for JSON: bytes that are not UTF-8 are replaced. The environment has them as they are."""
    return None if path is None else os.fsencode(path).decode(errors="replace")
