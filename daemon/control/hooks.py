"""The herald: tells a command or a webhook of each file that is done or failed, at least once.

What is to be told enters the journal in the transaction that ends the job, so a crash between the two cannot be; and
it leaves the journal only when it was heard, so a crash while it is told means that it is told again.
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
from daemon.journal.outbox import HookEvent, Outbox
from daemon.journal.states import State

_log = structlog.get_logger()


class Herald:
    """Tells tidings one after the other, in a thread of its own."""

    def __init__(self, outbox: Outbox, hooks: Hooks, ring: Callable[[], None]) -> None:
        """From now on, what ends is noted; `ring` is called, in another thread, when something was told.

        Args:
            outbox: the journal's.
            hooks: who is to be told of what.
            ring: wakes the service's loop.

        """
        self._outbox = outbox
        self._hooks = hooks
        self._ring = ring
        self._told: tuple[HookEvent, Future[None]] | None = None
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="herald")
        states: dict[State, Hook] = {"done": hooks.done, "failed": hooks.failed}
        outbox.subscribe(state for state, hook in states.items() if hook.is_set)

    def tend(self, now: float) -> None:
        """Note what was heard, and tell what is due; `now` is in seconds since the epoch."""
        if self._told is not None and self._told[1].done():
            self._conclude(*self._told, now)
            self._told = None
        if self._told is None:
            self._tell(now)

    def next_due(self) -> float | None:
        """When the next event is due, in seconds since the epoch; None where none waits, or one is being delivered."""
        return None if self._told is not None else self._outbox.next_due()

    def stop(self) -> None:
        """Tell no more; what is being told may end by itself, or be told again after the next start."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _tell(self, now: float) -> None:
        event = self._outbox.next(now)
        if event is None:
            return
        hook = self._hooks.done if event.state == "done" else self._hooks.failed
        future = self._threads.submit(tell, event, hook, self._hooks.timeout_seconds)
        future.add_done_callback(lambda _: self._ring())
        self._told = event, future

    def _conclude(self, event: HookEvent, future: Future[None], now: float) -> None:
        error = future.exception()
        if error is None:
            self._outbox.remove(event)
            return
        wait = self._outbox.postpone(event, now)
        _log.warning("a hook failed; it is called again", job=event.job, reason=str(error), seconds=round(wait))


def tell(event: HookEvent, hook: Hook, timeout: float) -> None:
    """Tell a command and a webhook; one that is not set is content.

    Raises:
        OSError: the command cannot be started, or the webhook cannot be reached or refuses.
        subprocess.SubprocessError: the command failed, or took too long.

    """
    facts = json.dumps(asdict(event) | {"file": _told(event.file), "output": _told(event.output)})
    if hook.command:
        _run(hook.command, event, facts, timeout)
    if hook.webhook is not None:
        _post(str(hook.webhook), event, facts, timeout)


def _run(command: tuple[str, ...], event: HookEvent, facts: str, timeout: float) -> None:
    """Run a program with its arguments as configured: nothing of a file's name is ever read by a shell."""
    named = {key: os.fsencode(str(value)) for key, value in asdict(event).items() if value is not None}
    environment = os.environb | {f"TINTD_{key.upper()}".encode(): value for key, value in named.items()}
    with subprocess.Popen(  # noqa: S603 (the command is the configuration's, and a list)
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment, process_group=0
    ) as process:
        try:
            process.communicate(facts.encode(), timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # what a script has started hangs in its stead
            raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def _post(address: str, event: HookEvent, facts: str, timeout: float) -> None:
    headers = {"Content-Type": "application/json", "Idempotency-Key": f"tintd-{event.job}-{event.id}"}
    request = urllib.request.Request(address, facts.encode(), headers, method="POST")  # noqa: S310 (checked: http or https)
    with urllib.request.urlopen(request, timeout=timeout):  # noqa: S310
        pass


def _told(path: str | None) -> str | None:
    """A path as JSON can say it: bytes that are no UTF-8 are replaced (the environment has them as they are)."""
    return None if path is None else os.fsencode(path).decode(errors="replace")
