"""Keeps the page's process alive, in a thread of its own: whatever happens to the page, the service goes on."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Self

import structlog

from daemon.config.settings import Config
from daemon.runtime.wakeup import Wakeup
from daemon.web.web_main import REFUSED, main

_LONGEST_DELAY = 60.0
"""Longest delay between the end of a page's process and the start of the next one, in seconds."""
_STEADY_SECONDS = 60.0
"""Seconds after which a process counts as one that works: the next delay is short again."""
_WORKERS_SECONDS = 4.0
"""Seconds for which the page waits for the first workers."""
_STOP_SECONDS = 3.0
"""Seconds within which a process ends by itself."""

_log = structlog.get_logger()


class WebSupervisor:
    """The service's end of the page."""

    def __init__(self, config: Config, path: Path, is_ready: Callable[[], bool] = lambda: True) -> None:
        """Prepare; the page is served inside of `with`, unless it is off.

        Args:
            config: the address, and what the page shows.
            path: the file of the configuration.
            is_ready: whether the workers are; they start first, for the page would take processor time from them.

        """
        self._config = config
        self._path = path
        self._is_ready = is_ready
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Serve the page from now on."""
        if self._config.web.is_off:
            return
        self._stopping = _Stop()
        self._thread = threading.Thread(target=self._keep_alive, args=(self._stopping,), name="web", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the process."""
        if self._thread is not None:
            self._stopping.set()
            self._thread.join()
            self._stopping.close()
            self._thread = None

    def reconfigure(self, config: Config) -> None:
        """Serve the page as another configuration says."""
        if config != self._config or self._thread is None or not self._thread.is_alive():
            self.stop()
            self._config = config
            self.start()

    def _keep_alive(self, stopping: _Stop) -> None:
        delay, end = 1.0, time.monotonic() + _WORKERS_SECONDS
        while not self._is_ready() and time.monotonic() < end and not stopping.is_set():
            wait([stopping.fileno()], 0.1)
        while not stopping.is_set():
            begun = time.monotonic()
            status = self._run(stopping)
            if stopping.is_set() or status == REFUSED:
                return
            delay = 1.0 if time.monotonic() - begun > _STEADY_SECONDS else min(_LONGEST_DELAY, 2 * delay)
            _log.error("the web page ended; it is started again", status=status, seconds=delay)
            wait([stopping.fileno()], delay)

    def _run(self, stopping: _Stop) -> int | None:
        """Run one process to its end; returns its exit status, or None if it could not be started."""
        process = multiprocessing.get_context("spawn").Process(
            target=main, args=(self._config, self._path), name="tintd web"
        )
        try:
            process.start()
        except OSError as error:
            _log.error("the web page cannot be started at present", reason=error.strerror)
            return None
        wait([process.sentinel, stopping.fileno()])
        return _ended(process)


class _Stop:
    """A flag that ends waits."""

    def __init__(self) -> None:
        self._wakeup = Wakeup()
        self._is_set = False

    def fileno(self) -> int:
        return self._wakeup.fileno()

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True
        self._wakeup.wake()

    def close(self) -> None:
        self._wakeup.close()


def _ended(process: BaseProcess) -> int | None:
    """The exit status of a process, which is ended if it still runs."""
    if process.exitcode is None:
        process.terminate()
        process.join(_STOP_SECONDS)
    if process.exitcode is None:
        process.kill()
        process.join()
    status = process.exitcode
    process.close()
    return status
