"""Metrics for Prometheus on /metrics, and whether the service is well on /healthz. Off unless it is configured."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry, ProcessCollector, make_wsgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import ThreadingWSGIServer
from prometheus_client.registry import Collector

from daemon.config.settings import Config
from daemon.journal.database import JournalError
from daemon.journal.journal import opened
from daemon.runtime.health import Pulse

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_ASLEEP = 1e6
"""Seconds between two looks at whether to go on: nobody needs them, and each would wake the processor."""


@contextmanager
def monitored(config: Config, pulse: Pulse) -> Iterator[int]:
    """Answer on the configured address; yields the port.

    Raises:
        OSError: the address cannot be had.

    """
    host, _, port = config.monitoring.address.rpartition(":")
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_Jobs(config.state, pulse))
    app = _answering(make_wsgi_app(registry), pulse)
    with make_server(host.strip("[]"), int(port), app, ThreadingWSGIServer, _Quiet) as server:
        threading.Thread(target=server.serve_forever, args=(_ASLEEP,), name="monitoring", daemon=True).start()
        yield server.server_port


class _Jobs(Collector):
    """What the journal knows, asked at each scrape."""

    def __init__(self, state: Path, pulse: Pulse) -> None:
        self._state = state
        self._pulse = pulse

    def collect(self) -> Iterable[Metric]:
        known = self._known()
        yield from known
        yield GaugeMetricFamily("tintd_journal_readable", "Whether the journal can be read.", value=bool(known))
        yield GaugeMetricFamily("tintd_paused", "Whether jobs pause, for any reason.", value=bool(self._pulse.paused))
        yield GaugeMetricFamily("tintd_ready", "Whether the weights are loaded.", value=self._pulse.ready)
        yield GaugeMetricFamily("tintd_loop_age_seconds", "Since the main loop last turned.", value=self._pulse.age())
        yield CounterMetricFamily("tintd_turns", "Turns of the main loop.", value=self._pulse.turns)

    def _known(self) -> list[Metric]:
        """What the journal knows; nothing where it cannot be read, for the rest must be told then too."""
        try:
            with opened(self._state, readonly=True) as journal:
                counts, oldest = journal.counts(), journal.next_due()
        except JournalError:
            return []
        jobs = GaugeMetricFamily("tintd_jobs", "Files that the journal knows, by state.", labels=["state"])
        for state, number in counts.items():
            jobs.add_metric([state], number)
        wait = 0.0 if oldest is None else max(0.0, time.time() - oldest)
        return [
            jobs,
            GaugeMetricFamily("tintd_wait_seconds", "How long the job that has waited longest is due.", value=wait),
        ]


def _answering(metrics: WSGIApplication, pulse: Pulse) -> WSGIApplication:
    def app(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        match environ["PATH_INFO"]:
            case "/metrics":
                return metrics(environ, start)
            case "/healthz":
                ailment = pulse.ailment()
                start("503 Service Unavailable" if ailment else "200 OK", [("Content-Type", "application/json")])
                return [json.dumps({"well": not ailment, "ailment": ailment, "paused": pulse.paused}).encode()]
            case _:
                start("404 Not Found", [("Content-Type", "text/plain")])
                return [b"/metrics and /healthz are here\n"]

    return app


class _Quiet(WSGIRequestHandler):
    """Requests are no news."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the signature is Python's)
        pass
