"""Tests of daemon/workers/cluster/: the real service on a real Ray cluster of four nodes on this machine."""

from __future__ import annotations

import hashlib
import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.assets.clusters import Nodes, cluster_of, head_with_slot
from tests.assets.films import ENDLESS, Film
from tests.assets.pictures import write_grey
from tests.assets.ports import reserved_port
from tests.conftest import Daemon, service_in

pytestmark = [
    pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed: it needs Python 3.11 or 3.12"),
    pytest.mark.timeout(1800),  # the start of a cluster alone takes a minute where other tests run beside it
]

DIVIDED = Film(
    frames=240,
    width=192,
    height=144,
    rate=1,
    pts=tuple(112_500 * number for number in range(240)),
    options={"g": "20", "preset": "ultrafast"},
    shot_frames=60,
)
"""Five minutes in four shots: several slots colour its parts, if there is no other file for them."""


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    """A head and three nodes."""
    with cluster_of(3) as made:
        yield made


@pytest.fixture
def service(tmp_path: Path, weights: Path, nodes: Nodes) -> Iterator[Daemon]:
    """A service whose jobs are done on the cluster; not yet started."""
    nodes.add(3 - len(nodes.nodes))
    with service_in(tmp_path, weights, None) as made:
        made.settings["work"] |= {"executor": "ray", "spare_mib": 1, "photo_batch": 2}
        made.settings["ray"] = {"address": nodes.address, "slots": 3}
        made.settings["log"] = {"format": "json"}
        made.settings["watching"]["rescan_seconds"] = 2
        yield made
        if made.process is not None and made.process.poll() is None:
            made.stop()


def results(service: Daemon) -> dict[str, str]:
    """Hashes of the results."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in service.outbox.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def drop(service: Daemon, photographs: int, films: int, first: int = 0) -> None:
    """Put photographs and films into the inbox, with numbers from the first one on."""
    for number in range(first, first + photographs):
        write_grey(service.root / f"{number}.png").rename(service.inbox / f"{number}.png")
    for number in range(first, first + films):
        service.drop_film(f"film-{number}.mp4", DIVIDED)


def kill_at_random(service: Daemon, nodes: Nodes, kills: int) -> int:
    """Kill a node again and again while all have a slot and several are busy; returns the number of files."""
    chosen, batches = random.Random(7), 0

    def is_busy() -> bool:
        """Whether each node has a slot that is ready, and two have files; there are always more files."""
        nonlocal batches
        status = service.status()
        is_ready = all(worker["ready"] for worker in status["service"]["workers"])
        if is_ready and status["counts"].get("waiting", 0) < 3:
            drop(service, photographs=3, films=3, first=3 * batches)
            batches += 1
        return is_ready and status["counts"].get("running", 0) >= 2

    service.start()
    for _ in range(kills):
        service.wait_until(is_busy, "several files are coloured")
        before = len(losses(service))
        nodes.kill(chosen.randrange(len(nodes.nodes)))
        nodes.add()
        service.wait_until(lambda before=before: len(losses(service)) > before, "the loss is noticed")
    return 6 * batches


def losses(service: Daemon) -> list[str]:
    """What the service said of lost slots."""
    return [line["reason"] for line in service.logged("a slot was lost") + service.logged("a slot waits")]


@pytest.mark.parametrize(
    "kills", [3, pytest.param(50, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])], ids=["3 kills", "50 kills"]
)
def test_nodes_are_killed_at_random(service: Daemon, nodes: Nodes, weights: Path, kills: int) -> None:
    """Nothing is lost, nothing is done twice, nothing is left over, and films have the bits of the local executor."""
    files = kill_at_random(service, nodes, kills)
    service.wait_for(done=files, failed=0)
    assert sorted(line["job"] for line in service.logged("done")) == list(range(1, files + 1))
    assert any("the node" in reason for reason in losses(service))
    service.stop()
    with service_in(service.root / "local", weights, None) as local:
        local.settings["work"]["spare_mib"] = 1
        drop(local, photographs=1, films=1)
        local.start()
        local.wait_for(done=2)
        local.stop()
        same = results(local)
    done = results(service)
    assert len(done) == files
    assert {done[name] for name in done if name.endswith(".png")} == {same["0.png"]}
    assert {done[name] for name in done if name.endswith(".mp4")} == {same["film-0.mp4"]}


@pytest.mark.slow
def test_a_node_that_is_cut_off_changes_nothing_when_it_comes_back(service: Daemon, nodes: Nodes) -> None:
    """Breaks: SIGSTOP of a node's connection; its slot goes on and finishes the film, too late."""
    service.settings["ray"]["slots"] = 3
    drop(service, photographs=0, films=3)
    service.start()
    service.wait_until(lambda: service.status()["counts"].get("running", 0) >= 2, "several films are coloured")
    frozen = nodes.freeze(0)
    try:
        service.wait_until(lambda: losses(service), "the loss is noticed")
    finally:
        os.kill(frozen, signal.SIGCONT)
    service.wait_for(done=3, failed=0)
    assert sorted(line["job"] for line in service.logged("done")) == [1, 2, 3]
    assert len(set(results(service).values())) == 1


def test_a_cancelled_film_frees_its_slot(service: Daemon) -> None:
    """Progress and cancel work as on one machine; the service has no child that imports Ray but the driver."""
    service.settings["ray"]["slots"] = 1
    service.drop_film("long.mp4", ENDLESS)
    service.start()
    service.wait_until(lambda: any(file["frames_done"] for file in service.status()["files"]), "progress is seen")
    service.command("cancel", "*long.mp4")
    drop(service, photographs=1, films=0)
    service.wait_until(lambda: service.status()["counts"]["done"] == 1, "the slot is free")
    service.wait_until(lambda: not service.leftovers(), "nothing is left over")
    assert service.process is not None
    loaded = Path(f"/proc/{service.process.pid}/maps").read_text()
    assert "_raylet" not in loaded
    assert "libtorch" not in loaded


def test_a_folder_that_no_node_sees_gets_no_jobs(service: Daemon) -> None:
    """The folder is named, its files wait, and those of the other folder are done, under the nodes' path."""
    elsewhere = service.root / "mounted"
    elsewhere.symlink_to(service.root)
    (service.root / "other").mkdir()
    service.settings["folders"].append({"input": "other", "output": "other-out"})
    service.settings["ray"] |= {
        "slots": 1,
        "paths": {str(service.root): str(elsewhere), str(service.root / "other"): "/not/mounted"},
    }
    write_grey(service.root / "other" / "waits.png")
    drop(service, photographs=1, films=0)
    service.start()
    service.wait_until(lambda: service.status()["counts"]["done"] == 1, "the file of the folder that is seen is done")
    [warning] = service.logged("a node cannot use a folder")
    assert warning["folder"] == str(service.root / "other")
    assert "/not/mounted" in warning["reason"]
    assert service.status()["counts"]["waiting"] == 1
    assert results(service).keys() == {"0.png"}
    checked = subprocess.run(
        [sys.executable, "-m", "daemon", "check", "-c", str(service.root / "config.yaml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 1
    assert "the nodes have room for 3" in checked.stdout
    assert re.search(r"BAD +node .* cannot use .*/other and .*\(/not/mounted/", checked.stdout)
    assert re.search(r"ok +node .* sees .*/inbox and ", checked.stdout)


def test_a_node_of_another_version_is_refused(service: Daemon, tmp_path: Path) -> None:
    """The reason names both versions, and the service says it."""
    old = tmp_path / "old" / "tintd-0.0.1.dist-info"
    old.mkdir(parents=True)
    (old / "METADATA").write_text("Metadata-Version: 2.1\nName: tintd\nVersion: 0.0.1\n")
    service.settings["ray"] |= {"slots": 1, "runtime_env": {"env_vars": {"PYTHONPATH": str(old.parent)}}}
    service.configure()
    with (service.root / "log").open("wb") as log:
        command = [sys.executable, "-m", "daemon", "run", "-c", str(service.root / "config.yaml")]
        # In the project's folder, the metadata of an editable installation would be found first.
        service.process = subprocess.Popen(command, stderr=log, cwd=service.root)
    service.wait_until(lambda: [reason for reason in losses(service) if "0.0.1" in reason], "the node is refused")
    [reason] = [reason for reason in losses(service) if "0.0.1" in reason]
    assert reason.startswith("tintd is 0.0.1 on node ")
    assert reason.endswith(f"and {version('tintd')} on the service's machine")


def test_the_service_outlives_the_head(tmp_path: Path, weights: Path) -> None:
    """Breaks: SIGKILL of the head. The job is put back, the service says that it waits, and goes on with a new head."""
    with reserved_port() as port, service_in(tmp_path, weights, None) as made:
        made.settings["work"] |= {"executor": "ray", "spare_mib": 1}
        made.settings["log"] = {"format": "json"}
        made.drop_film("long.mp4", replace(ENDLESS, rounds=4))
        with head_with_slot(port) as nodes:
            made.settings["ray"] = {"address": nodes.address}
            made.start()
            made.wait_until(lambda: made.status()["counts"].get("running"), "the film is coloured")
            nodes.kill_head()
            made.wait_until(lambda: made.logged("the Ray cluster is away; jobs wait for it"), "the loss is noticed")
            assert made.status()["counts"] | {"waiting": 1, "running": 0} == made.status()["counts"]
            made.wait_until(lambda: "Ray" in made.status()["service"]["summary"], "the service says so")
        with head_with_slot(port):
            made.wait_for(done=1, failed=0)
            made.stop()


def test_a_missing_ray_is_said(service: Daemon) -> None:
    """One sentence says what to install; nothing of Python's is shown."""
    service.configure()
    code = (
        "import importlib.util as util, sys; real = util.find_spec;"
        "util.find_spec = lambda name, *rest: None if name == 'ray' else real(name, *rest);"
        "from daemon.cli import main; main()"
    )
    command = [sys.executable, "-c", code, "run", "-c", str(service.root / "config.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Ray is not installed: install tintd[ray]" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_does_not_import_ray() -> None:
    """`tintd --help` answers at once."""
    code = "import sys, daemon.cli, daemon.service, daemon.workers.cluster.executor; sys.exit('ray' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
