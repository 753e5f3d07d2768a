"""Metrics for Prometheus on /metrics, and the health of the service on /healthz. Off unless it is configured."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry, ProcessCollector, make_wsgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import ThreadingWSGIServer
from prometheus_client.registry import Collector

from daemon.runtime.service_state import LatestState, ServiceState

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

_POLL_SECONDS = 1e6
"""Seconds between two checks for a shutdown, which never comes: each check would wake the processor."""


@contextmanager
def monitored(address: str, latest: LatestState) -> Iterator[int]:
    """Serve metrics and health over HTTP.

    Args:
        address: HOST:PORT.
        latest: the state of the service; all answers come from it.

    Yields:
        The port.

    Raises:
        OSError: the address is taken, or is not one of this machine's.
        OverflowError: there is no port with this number.

    """
    host, _, port = address.rpartition(":")
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(_StateCollector(latest))
    app = _application(make_wsgi_app(registry), latest)
    kind = _IPv6Server if host.startswith("[") else ThreadingWSGIServer
    with make_server(host.strip("[]"), int(port), app, kind, _Handler) as server:
        threading.Thread(target=server.serve_forever, args=(_POLL_SECONDS,), name="monitoring", daemon=True).start()
        yield server.server_port


class _StateCollector(Collector):
    """The latest state of the service as metrics."""

    def __init__(self, latest: LatestState) -> None:
        self._latest = latest

    def collect(self) -> Iterable[Metric]:
        state = self._latest.value
        readable = state.journal_problem is None
        if readable:
            yield from _journal_metrics(state)
        yield GaugeMetricFamily("tintd_journal_readable", "Whether the journal can be read.", value=readable)
        yield GaugeMetricFamily("tintd_paused", "Whether jobs pause, for any reason.", value=bool(state.pauses))
        yield GaugeMetricFamily("tintd_ready", "Whether the weights are loaded.", value=state.ready)
        yield GaugeMetricFamily(
            "tintd_loop_age_seconds", "Seconds since the last main loop iteration.", value=state.age(time.monotonic())
        )
        yield CounterMetricFamily("tintd_loop_iterations", "Iterations of the main loop.", value=state.iterations)
        yield CounterMetricFamily(
            "tintd_turns",
            "Deprecated, gone in the next release: use tintd_loop_iterations_total.",
            value=state.iterations,
        )


def _journal_metrics(state: ServiceState) -> Iterator[Metric]:
    jobs = GaugeMetricFamily("tintd_jobs", "Files in the journal, by state.", labels=["state"])
    for name, number in state.counts.items():
        jobs.add_metric([name], number)
    jobs.add_metric(["queued"], sum(state.counts.get(name, 0) for name in ("waiting", "held")))  # as in version 0.1
    yield jobs
    wait = 0.0 if state.oldest_due is None else max(0.0, time.time() - state.oldest_due)
    yield GaugeMetricFamily("tintd_wait_seconds", "For how long the oldest waiting job has been due.", value=wait)


def _application(metrics: WSGIApplication, latest: LatestState) -> WSGIApplication:
    def app(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        match environ["PATH_INFO"]:
            case "/metrics":
                return metrics(environ, start)
            case "/healthz":
                problem = latest.value.problem(time.monotonic())
                start("503 Service Unavailable" if problem else "200 OK", [("Content-Type", "application/json")])
                return [json.dumps(_health(problem, latest.value.paused)).encode()]
            case _:
                start("404 Not Found", [("Content-Type", "text/plain")])
                return [b"Not found. This server has /metrics and /healthz.\n"]

    return app


def _health(problem: str | None, paused: str | None) -> dict[str, object]:
    """The answer of /healthz; `well` and `ailment` are what `status` and `reason` were called in version 0.1."""
    return {
        "status": "unhealthy" if problem else "healthy",
        "reason": problem,
        "paused": paused,
        "well": not problem,
        "ailment": problem,
        "notice": "`well` and `ailment` are deprecated: use `status` and `reason`",
    }


class _IPv6Server(ThreadingWSGIServer):
    address_family = socket.AF_INET6


class _Handler(WSGIRequestHandler):
    """Does not log requests, and drops a client that sends nothing."""

    timeout = 30

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the signature is Python's)
        pass
