"""Promise 6, monitoring: breaks the main loop, the disk and the address, and asks how the service is."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from daemon.config.settings import Config
from daemon.control import control_socket
from daemon.control.monitoring import monitored
from daemon.runtime.service_state import LatestState
from tests.assets.pictures import write_grey
from tests.assets.ports import reserved_port
from tests.conftest import TIMEOUT
from tests.faults.conftest import Service


@pytest.fixture
def port() -> Iterator[int]:
    """A port for the service."""
    with reserved_port() as reserved:
        yield reserved


def has_ipv6() -> bool:
    """Whether this machine has the loopback address of IPv6."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def ask(port: int, path: str) -> tuple[int, str]:
    """Status and text of an answer; 0 where nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=TIMEOUT) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def measured(port: int) -> dict[tuple[str, ...], float]:
    """The samples of an answer, by name and labels."""
    status, text = ask(port, "/metrics")
    assert status == 200
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_main_loop_rests_while_no_worker_can_start(service: Service, port: int) -> None:
    """Breaks: the weights, after the start. A job is due all the time, but nothing can be done for it."""
    weights = service.root / "weights.safetensors"
    weights.write_bytes(Path(service.settings["colour"]["weights"]).read_bytes())
    service.settings["colour"]["weights"] = str(weights)
    service.settings["monitoring"] = {"address": f"127.0.0.1:{port}"}
    write_grey(service.inbox / "first.png")  # an empty folder may be a mount that is away, whose jobs are not due
    service.start()
    service.finish(done=1)
    weights.unlink()
    status = control_socket.ask(service.root / "state" / "control", "status")
    assert status is not None
    os.kill(int(status["service"]["workers"][0]["worker"].split()[0]), signal.SIGKILL)
    write_grey(service.inbox / "a.png")
    service.until(lambda: measured(port).get(("tintd_jobs", "waiting")) == 1, "the file waits")
    begun, before = time.monotonic(), measured(port)["tintd_loop_iterations_total",]
    time.sleep(2)
    iterations = measured(port)["tintd_loop_iterations_total",] - before
    assert iterations / (time.monotonic() - begun) < 50


def test_metrics_and_health(service: Service, port: int) -> None:
    """Breaks: the start (unhealthy until the weights are loaded), and the disk's space (paused, but healthy)."""
    service.settings["monitoring"] = {"address": f"127.0.0.1:{port}"}
    service.start()
    service.until(lambda: ask(port, "/healthz")[0] == 200, "it is healthy")
    write_grey(service.inbox / "a.png")
    service.finish(done=1)
    service.until(lambda: measured(port).get(("tintd_jobs", "done")) == 1, "it is counted")
    samples = measured(port)
    assert samples["tintd_loop_iterations_total",] > 0
    assert samples["tintd_turns_total",] > 0, "the old name works for one release"
    health = json.loads(ask(port, "/healthz")[1])
    assert (health["status"], health["reason"]) == ("healthy", None)
    assert (health["well"], health["ailment"]) == (True, None), "the old names work for one release"
    assert samples["tintd_journal_readable",] == 1
    assert samples["tintd_ready",] == 1
    assert samples["process_resident_memory_bytes",] > 0
    assert ask(port, "/elsewhere")[0] == 404
    service.signal(signal.SIGTERM)
    service.settings["work"]["spare_mib"] = 1 << 30
    service.start()
    service.until(
        lambda: "nearly full" in (json.loads(ask(port, "/healthz")[1] or "{}").get("paused") or ""), "it says so"
    )
    assert "tintd_paused 1.0" in ask(port, "/metrics")[1]


def test_metrics_without_a_journal(service: Service, port: int) -> None:
    """Breaks: the journal, which somebody puts aside. The service says so, and what it knows without it."""
    service.settings["watching"]["rescan_seconds"] = 1
    service.settings["monitoring"] = {"address": f"127.0.0.1:{port}"}
    service.start()
    service.until(lambda: ask(port, "/healthz")[0] == 200, "it is healthy")
    journal = service.root / "state" / "journal.sqlite3"
    journal.rename(journal.with_suffix(".aside"))
    service.until(lambda: ask(port, "/healthz")[0] == 503, "it is noticed")
    assert "was removed" in json.loads(ask(port, "/healthz")[1])["reason"]
    samples = measured(port)
    assert samples["tintd_journal_readable",] == 0
    assert samples["tintd_ready",] == 1
    assert ("tintd_jobs", "done") not in samples
    write_grey(service.inbox / "a.png")
    service.until(lambda: '"found"' in service.log(), "the file is found")
    time.sleep(1)  # in which it would be coloured
    assert not list(service.outbox.iterdir())
    assert "was removed" in json.loads(ask(port, "/healthz")[1])["paused"]
    journal.with_suffix(".aside").rename(journal)
    service.until(lambda: list(service.outbox.iterdir()), "it is coloured")


@pytest.mark.slow
def test_an_idle_service_stays_healthy(service: Service, port: int) -> None:
    """Breaks nothing: a loop that has nothing to do runs now and then, so that it can be told from one that hangs."""
    service.settings["monitoring"] = {"address": f"127.0.0.1:{port}"}
    service.settings["watching"]["rescan_seconds"] = 3600
    service.start()
    write_grey(service.inbox / "a.png")  # an empty folder may be a mount that is away, for which the loop looks often
    service.finish(done=1)
    time.sleep(10)  # until it rests
    before = measured(port)["tintd_loop_iterations_total",]
    service.until(lambda: measured(port)["tintd_loop_iterations_total",] > before, "its loop runs again")
    assert ask(port, "/healthz")[0] == 200


def test_a_port_that_does_not_exist_stops_the_start(service: Service) -> None:
    """Breaks: the number of the port; the setting is named."""
    service.settings["monitoring"] = {"address": "127.0.0.1:70000"}
    service.start()
    service.until(lambda: not service.is_alive(), "it ends", of_the_living=False)
    assert "StartError: monitoring.address 127.0.0.1:70000" in service.log()


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_an_address_of_ipv6_is_served() -> None:
    """As the configuration allows it."""
    with monitored("[::1]:0", LatestState()) as port, socket.create_connection(("::1", port), timeout=TIMEOUT):
        pass


def test_an_address_that_is_taken_stops_the_start(service: Service) -> None:
    """Breaks: the address, which somebody else has; the setting is named."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        service.settings["monitoring"] = {"address": f"127.0.0.1:{taken.getsockname()[1]}"}
        service.start()
        service.until(lambda: not service.is_alive(), "it ends", of_the_living=False)
    assert "monitoring.address" in service.log()


def test_nothing_is_answered_unless_it_is_asked_for(service: Service) -> None:
    """Breaks nothing: by default no port is open."""
    assert Config.model_fields["monitoring"].default.address == "off"
    service.start()
    service.until(lambda: '"ready"' in service.log(), "it is ready")
    listening = [one for one in psutil.Process(service.pid).net_connections("tcp") if one.status == psutil.CONN_LISTEN]
    assert listening == []
