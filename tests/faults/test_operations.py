"""Promise 6, operations: what people and systemd ask of a running service, and what a reload must not lose."""

from __future__ import annotations

import os
import resource
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest
import yaml

from tests.assets.films import ENDLESS, LONG, Film
from tests.assets.pictures import write_grey
from tests.conftest import TIMEOUT, Daemon
from tests.faults.conftest import immutable


def sparse(frames: int) -> Film:
    """A film of five seconds a frame: it has a segment for each dozen."""
    times = tuple(450_000 * number for number in range(frames))
    return Film(frames=frames, width=320, height=240, rate=1, pts=times, options={"preset": "ultrafast"})


def is_running(daemon: Daemon) -> bool:
    """Whether some file is being coloured."""
    return bool(daemon.status()["counts"]["running"])


def test_people_may_ask_for_everything(daemon: Daemon) -> None:
    """Pause, cancel, resume, recolor, forget, history: answered by the running service, through its socket."""
    daemon.start()
    control = daemon.root / "state" / "control"
    assert stat.S_ISSOCK(control.stat().st_mode)
    assert stat.S_IMODE(control.stat().st_mode) == 0o660
    assert daemon.process is not None
    assert daemon.status()["service"]["pid"] == daemon.process.pid
    daemon.drop_film("film.mp4", ENDLESS)
    daemon.wait_until(lambda: is_running(daemon), "the film is being coloured")
    assert "1 file cancelled" in daemon.command("cancel", "film.mp4").stdout
    daemon.wait_for(skipped=1)
    assert daemon.status()["files"][0]["reason"] == "cancelled"
    assert daemon.leftovers() == []

    daemon.command("pause")
    write_grey(daemon.inbox / "a.png")
    daemon.wait_until(lambda: daemon.status()["counts"]["waiting"] == 1, "it is found")
    assert "tintd pause" in daemon.status()["service"]["summary"]
    assert not (daemon.outbox / "a.png").exists()
    daemon.command("resume")
    daemon.wait_for(done=1)

    before = (daemon.outbox / "a.png").stat().st_ino
    assert "1 file" in daemon.command("recolor", "a.*").stdout
    daemon.wait_until(lambda: len(daemon.logged("done")) == 2, "it was coloured anew")
    assert (daemon.outbox / "a.png").stat().st_ino != before
    found = yaml.safe_load(daemon.command("history", "--json", "a.png").stdout)["attempts"]
    assert [attempt["outcome"] for attempt in found] == ["done", "done"]
    log = yaml.safe_load(daemon.command("history", "--json", "--log", "a.png").stdout)["attempts"][0]["log"]
    assert [line["event"] for line in log] == ["colouring", "done"]
    shown = daemon.command("history", "--log", "film.mp4").stdout
    assert "colouring (attempt: 1)" in shown
    assert "cancelled" in shown.partition("attempt: 1")[2]

    assert "1 file forgotten" in daemon.command("forget", "film.mp4").stdout
    daemon.wait_until(lambda: is_running(daemon), "it is new, and being coloured")
    daemon.stop()
    assert not control.exists()
    assert daemon.status()["service"] is None
    assert "no service" in daemon.command("status").stdout


def test_a_reload_loses_no_work(daemon: Daemon) -> None:
    """Breaks: SIGHUP in the middle of a film, with other folders, then with nonsense, then with missing weights."""
    daemon.start()
    daemon.drop_film("film.mp4", LONG)
    daemon.wait_until(lambda: is_running(daemon), "the film is being coloured")
    (daemon.root / "second").mkdir()
    daemon.settings["folders"].append({"input": "second", "make": True, "output": "results"})
    daemon.reload()
    write_grey(daemon.root / "second" / "a.png")
    good = dict(daemon.settings)
    daemon.settings = good | {"nonsense": 1}
    daemon.reload("not reloaded")
    assert "nonsense" in daemon.logged("not reloaded")[0]["reason"]
    daemon.settings = good | {"colour": {"weights": "nothing.safetensors"}}
    daemon.reload("not reloaded", times=2)
    assert "nothing.safetensors" in daemon.logged("not reloaded")[1]["reason"]
    daemon.wait_for(done=2)
    assert (daemon.root / "results" / "a.png").exists()
    assert {file["attempts"] for file in daemon.status()["files"]} == {1}


def test_a_wrong_reload_on_another_changes_nothing(daemon: Daemon) -> None:
    """Breaks: the name of a setting; then the weights, and, before a worker has told that there are none, others."""
    daemon.start()
    good = dict(daemon.settings)
    daemon.settings = good | {1: 2}
    daemon.reload("not reloaded")
    daemon.settings = good | {"colour": {"weights": "nothing.safetensors", "device": "cpu"}}
    daemon.reload()
    daemon.settings = good | {"colour": {"weights": "neither.safetensors", "device": "cpu"}}
    daemon.reload("not reloaded", times=2)
    write_grey(daemon.inbox / "a.png")
    daemon.wait_for(done=1)


def test_recolor_replaces_the_earlier_result_whatever_its_name(daemon: Daemon) -> None:
    """Breaks: the format of results, there and back. One that its owner has changed meanwhile stays."""
    daemon.start()
    write_grey(daemon.inbox / "a.png")
    write_grey(daemon.inbox / "mine.png", 40)
    daemon.wait_for(done=2)
    (daemon.outbox / "mine.png").write_text("retouched by hand")
    for turn, (form, names) in enumerate(
        [("tiff", ["a.tif", "mine.png", "mine.tif"]), ("png", ["a.png", "mine (2).png", "mine.png"])], start=1
    ):
        daemon.settings["photo"] = {"format": form}
        daemon.reload(times=turn)
        daemon.command("recolor", "*", "--yes")
        daemon.wait_for(done=2)
        assert sorted(path.name for path in daemon.outbox.iterdir()) == names
    assert (daemon.outbox / "mine.png").read_text() == "retouched by hand"


def test_an_earlier_result_that_cannot_be_replaced_yet(daemon: Daemon) -> None:
    """Breaks: publishing, by a file that nobody may replace. When it may be, it is replaced, and there is no other."""
    daemon.start()
    write_grey(daemon.inbox / "a.png")
    daemon.wait_for(done=1)
    before = (daemon.outbox / "a.png").read_bytes()
    daemon.settings["colour"] |= {"vividness": 0.1}
    daemon.reload()
    with immutable(daemon.outbox / "a.png"):
        daemon.command("recolor", "a.png")
        daemon.wait_until(lambda: len(daemon.logged("held")) >= 2, "it is held")
    daemon.wait_for(done=1)
    assert [path.name for path in daemon.outbox.iterdir()] == ["a.png"]
    assert (daemon.outbox / "a.png").read_bytes() != before


def test_a_folder_that_is_configured_away_in_mid_film(daemon: Daemon) -> None:
    """Breaks: the configuration, and then the worker at a film that is no longer in it. Nothing is left over."""
    daemon.settings["watching"]["rescan_seconds"] = 1
    (daemon.root / "second").mkdir()
    daemon.settings["folders"].append({"input": "second", "make": True, "output": "results"})
    daemon.start()
    daemon.drop_film("film.mkv", sparse(2000))
    daemon.wait_until(lambda: list(daemon.outbox.glob(".tintd-*/segment-00001.json")), "segments are finished")
    del daemon.settings["folders"][0]
    daemon.reload()
    [worker] = daemon.status()["service"]["workers"]
    os.kill(int(worker["worker"].split()[0]), signal.SIGSEGV)
    daemon.wait_for(skipped=1)
    assert "no longer watched" in daemon.status()["files"][0]["reason"]
    write_grey(daemon.root / "second" / "a.png")
    daemon.wait_for(skipped=1, done=1)


def test_a_control_socket_that_somebody_removed(daemon: Daemon) -> None:
    """Breaks: the socket's name, as those do who tidy up. It is made again, and the service can be asked."""
    daemon.settings["watching"]["rescan_seconds"] = 1
    daemon.start()
    (daemon.root / "state" / "control").unlink()
    daemon.wait_until(lambda: daemon.status()["service"], "it can be asked again")
    assert "paused" in daemon.command("pause").stdout


def test_too_many_open_files_are_survived(daemon: Daemon) -> None:
    """Breaks: the number of files that the service may open, by clients that connect and say nothing."""
    daemon.start()
    assert daemon.process is not None
    used = len(list(Path(f"/proc/{daemon.process.pid}/fd").iterdir()))
    _, most = resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (used + 3, most))
    silent = [socket.socket(socket.AF_UNIX) for _ in range(50)]
    for client in silent:
        client.connect(str(daemon.root / "state" / "control"))
    write_grey(daemon.inbox / "a.png")
    time.sleep(3)  # while the service finds the file, and tries to work
    for client in silent:
        client.close()
    resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (most, most))
    daemon.wait_for(done=1)


TALK = """
from pathlib import Path
import structlog
from daemon.config.settings import Log
from daemon.runtime.log import configure_log
configure_log(Log(format="console"))
structlog.get_logger().info("found", file="/in/a\x1b]0;owned\x07.png")
"""


def test_no_name_reaches_the_terminal() -> None:
    """Breaks: a name without spaces, which steers the terminal that the log is shown on."""
    said = subprocess.run([sys.executable, "-c", TALK], capture_output=True, check=True).stderr
    assert b"owned" in said
    assert b"\x1b]" not in said
    assert b"\x07" not in said


def test_people_read_no_brackets_of_python() -> None:
    """On a terminal: lists have commas, and those without anything are left out."""
    logged = f"{TALK}structlog.get_logger().info('done', notes=(), folders=['/a', '/b'])"
    said = subprocess.run([sys.executable, "-c", logged], capture_output=True, text=True, check=True).stderr
    assert "'/a, /b'" in said
    assert "notes" not in said


def test_a_log_that_cannot_be_written_stops_nothing() -> None:
    """Breaks: the disk that the log is written to, which is full."""
    with Path("/dev/full").open("wb") as full:
        said = subprocess.run([sys.executable, "-c", TALK + "print('on')"], stderr=full, stdout=-1, check=False).stdout
    assert said == b"on\n"


def test_nothing_is_begun_outside_of_working_hours(daemon: Daemon) -> None:
    """Breaks: working hours end in the middle of a film. It is put back, and gone on with when there are others."""
    daemon.start()
    daemon.drop_film("film.mp4", ENDLESS)
    daemon.wait_until(lambda: is_running(daemon), "the film is being coloured")
    hour = time.localtime().tm_hour
    daemon.settings["work"]["hours"] = [f"{(hour + 2) % 24:02}:00-{(hour + 3) % 24:02}:00"]
    daemon.reload()
    daemon.wait_until(lambda: daemon.status()["counts"]["waiting"] == 1, "the film is put back")
    assert "working hours" in daemon.status()["service"]["summary"]
    assert daemon.status()["files"][0]["attempts"] == 0
    daemon.settings["work"]["hours"] = []
    daemon.reload(times=2)
    daemon.wait_until(lambda: is_running(daemon), "the film is being coloured again")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_film_goes_on_after_a_restart(daemon: Daemon, how: signal.Signals) -> None:
    """Breaks (promise 3): the service is killed, or stopped, in mid-film. The next one begins where it ended."""
    daemon.drop_film("film.mkv", sparse(400))
    daemon.start()
    daemon.wait_until(lambda: list(daemon.outbox.glob(".tintd-*/segment-00002.json")), "three segments are finished")
    daemon.stop(how)
    told = " ".join(daemon.command("status").stdout.split())
    assert ("files that it was colouring go on when it is started again" in told) == (how == signal.SIGKILL)
    assert not (daemon.outbox / "film.mkv").exists()
    [first] = daemon.outbox.glob(".tintd-*/segment-00000.mkv")
    written = first.stat().st_mtime_ns
    daemon.start()
    daemon.wait_until(
        lambda: not first.exists() or daemon.status()["files"][0]["frames_done"] > 30, "the film is gone on with"
    )
    assert not first.exists() or first.stat().st_mtime_ns == written
    daemon.wait_for(done=1)
    assert daemon.leftovers() == []


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleQueue[str]]:
    """The messages that systemd gets by sd_notify; a thread reads them, as the socket holds only ten."""
    messages: SimpleQueue[str] = SimpleQueue()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        reader = threading.Thread(target=read, args=(channel, messages))
        reader.start()
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "2000000")  # a message each second
        yield messages
        channel.sendto(b"", channel.getsockname())
        reader.join()


def read(channel: socket.socket, messages: SimpleQueue[str]) -> None:
    """Read messages until an empty one comes."""
    while message := channel.recv(4096):
        messages.put(message.decode())


def receive(systemd: SimpleQueue[str], word: str) -> str:
    """The next message with a word."""
    while word not in (message := systemd.get(timeout=TIMEOUT)):
        pass
    return message


def test_systemd_is_told_what_the_service_does(tintd: Daemon, systemd: SimpleQueue[str]) -> None:
    """Ready, alive, reloading, stopping, each when it is so."""
    tintd.start()
    receive(systemd, "READY=1")
    assert "waiting for files" in receive(systemd, "WATCHDOG=1")
    tintd.reload()
    assert "MONOTONIC_USEC" in receive(systemd, "RELOADING=1")
    receive(systemd, "READY=1")
    tintd.command("pause")
    assert "paused" in receive(systemd, "paused")
    tintd.stop()
    receive(systemd, "STOPPING=1")


@pytest.mark.slow
def test_the_watchdog_starves_only_when_no_worker_can_be_had(tintd: Daemon, systemd: SimpleQueue[str]) -> None:
    """Breaks: the weights vanish, and the worker dies. The service lives, says so, and systemd may end it."""
    weights = tintd.root / "weights.safetensors"
    weights.write_bytes(Path(tintd.settings["colour"]["weights"]).read_bytes())
    tintd.settings["colour"]["weights"] = str(weights)
    tintd.start()
    weights.unlink()
    os.kill(int(tintd.status()["service"]["workers"][0]["worker"].split()[0]), signal.SIGKILL)
    tintd.wait_until(lambda: len(tintd.logged("a worker cannot start")) >= 5, "it was tried five times")
    end = time.monotonic() + 20
    while "WATCHDOG=1" in (message := receive(systemd, "STATUS")) and time.monotonic() < end:
        pass
    assert "cannot start" in message
    assert "WATCHDOG=1" not in message
    assert "cannot start" in tintd.status()["service"]["summary"]
