"""Promise 1, isolation: what befalls a worker costs one attempt of one file. Breaks workers of a real service."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

import psutil
import pyvips
import yaml

from daemon.control.control_socket import ask
from tests.assets.films import ENDLESS, LONG
from tests.assets.pictures import write_cut, write_grey
from tests.conftest import Daemon


def workers(daemon: Daemon) -> dict[str, list[str]]:
    """The files that each worker has, by its process and device."""
    found = daemon.status()["service"]["workers"]
    return {worker["worker"]: [Path(file).name for file in worker["files"]] for worker in found}


def worker_at(daemon: Daemon, name: str) -> int:
    """The process that has a file."""
    found: list[str] = []

    def has_one() -> bool:
        found[:] = [worker for worker, files in workers(daemon).items() if name in files]
        return bool(found)

    daemon.wait_until(has_one, f"{name} is being coloured")
    return int(found[0].split()[0])


def attempts(daemon: Daemon, name: str) -> list[dict[str, object]]:
    """What `tintd history` tells of a file, the first attempt first."""
    found = yaml.safe_load(daemon.command("history", "--json", name).stdout)["attempts"]
    return list(reversed(found))


def test_a_crashing_file_is_set_aside_and_harms_no_other(daemon: Daemon) -> None:
    """Breaks: SIGSEGV in the worker, at every attempt at one film; the other worker goes on beside it."""
    daemon.settings["work"] |= {"attempts": 2, "workers": 2}
    daemon.start()
    daemon.drop_film("crash.mp4", LONG)
    os.kill(worker_at(daemon, "crash.mp4"), signal.SIGSEGV)
    daemon.wait_until(lambda: daemon.logged("will be tried again"), "the crash was noticed")
    write_grey(daemon.inbox / "good.png")
    os.kill(worker_at(daemon, "crash.mp4"), signal.SIGSEGV)
    daemon.wait_for(done=1, failed=1)
    first, second = attempts(daemon, "crash.mp4")
    for attempt in (first, second):
        assert (attempt["outcome"], attempt["signal"]) == ("crashed", "SIGSEGV")
        assert "crash.mp4" in str(attempt["reason"])
    assert first["worker"] != second["worker"]
    assert "SIGSEGV" in (daemon.outbox / "crash.mp4.failed.txt").read_text()
    assert (daemon.outbox / "good.png").exists()
    assert daemon.leftovers() == []


def test_a_worker_that_hangs_is_replaced(daemon: Daemon) -> None:
    """Breaks: SIGSTOP in the middle of a film. The attempt is stopped, the next one does it.

    The limit holds for the attempt that hangs alone: on a busy machine another is slow, and not hanging.

    """
    daemon.start()
    daemon.drop_film("film.mp4", LONG)
    os.kill(worker_at(daemon, "film.mp4"), signal.SIGSTOP)
    ask(daemon.root / "state" / "control", "pause")
    patient = daemon.settings["work"].copy()
    daemon.settings["work"]["stall_seconds"] = 1
    daemon.reload()
    daemon.wait_until(lambda: daemon.logged("will be tried again"), "it was stopped")
    assert "no progress" in daemon.logged("will be tried again")[0]["reason"]
    daemon.settings["work"] = patient
    daemon.reload(times=2)
    ask(daemon.root / "state" / "control", "resume")
    daemon.wait_for(done=1)
    assert attempts(daemon, "film.mp4")[0]["outcome"] == "stopped"


def test_a_worker_that_eats_memory_is_stopped(daemon: Daemon) -> None:
    """Breaks: a real picture that must be held whole, under a limit that it exceeds. Small ones are done."""
    daemon.settings["work"]["attempts"] = 1
    daemon.start()
    daemon.wait_until(lambda: workers(daemon), "there is a worker")
    [process] = [psutil.Process(int(worker.split()[0])) for worker in workers(daemon)]
    daemon.settings["work"]["job_mib"] = (process.memory_info().rss >> 20) + 150
    daemon.reload()
    pyvips.Image.black(13000, 13000).write_to_file(str(daemon.root / "big.png"), interlace=True)
    (daemon.root / "big.png").rename(daemon.inbox / "big.png")
    write_grey(daemon.inbox / "small.png")
    daemon.wait_for(done=1, failed=1)
    [attempt] = attempts(daemon, "big.png")
    assert (attempt["outcome"], attempt["signal"]) == ("stopped", "SIGKILL")
    assert "job_mib" in str(attempt["reason"])


def test_a_job_that_takes_too_long_is_stopped(daemon: Daemon) -> None:
    """Breaks: a film longer than the limit, which makes progress all the time."""
    daemon.settings["work"] |= {"attempts": 1, "job_seconds": 1}
    daemon.start()
    daemon.drop_film("film.mp4", ENDLESS)
    daemon.wait_for(failed=1)
    assert "job_seconds" in daemon.status()["files"][0]["reason"]


def test_a_worker_that_leaks_is_replaced_between_jobs(daemon: Daemon) -> None:
    """Breaks: a limit for leaks that every job exceeds. No file notices."""
    daemon.settings["work"]["leak_mib"] = 1
    daemon.start()
    for number in range(4):
        write_grey(daemon.inbox / f"{number}.png", 300 + number, 400)
    daemon.wait_for(done=4)
    daemon.wait_until(lambda: daemon.logged("worker replaced"), "the worker was replaced")
    write_grey(daemon.inbox / "later.png")
    daemon.wait_for(done=5)
    assert {file["attempts"] for file in daemon.status()["files"]} == {1}
    assert len({attempt["worker"] for attempt in attempts(daemon, "*")}) >= 2


def test_photographs_that_wait_are_given_together(daemon: Daemon) -> None:
    """Breaks: one of them. The others are done beside it, by one worker, in one go."""
    daemon.command_offline("pause")
    daemon.start()
    for number in (0, 1, 2, 4, 5):
        write_grey(daemon.inbox / f"{number}.png")
    write_cut(daemon.inbox / "3.png", 700)
    daemon.wait_until(lambda: daemon.status()["counts"]["waiting"] == 6, "all are found")
    daemon.command("resume")
    daemon.wait_for(done=5, failed=1)
    started = [Path(line["file"]).name for line in daemon.logged("colouring")]
    assert sorted(started[:6]) == [f"{number}.png" for number in range(6)]


def test_a_worker_without_work_gives_its_memory_back(tintd: Daemon) -> None:
    """Breaks: nothing comes for a while. The worker ends; the next file brings another."""
    tintd.settings["work"]["idle_seconds"] = 1
    tintd.start()
    tintd.wait_until(lambda: tintd.logged("worker parked"), "the worker has ended")
    tintd.wait_until(lambda: not any("spawn_main" in line for line in commands_of_children(tintd)), "it is gone")
    write_grey(tintd.inbox / "a.png")
    tintd.wait_for(done=1)


def commands_of_children(daemon: Daemon) -> list[str]:
    """The commands of the processes that the service has started, and that live."""
    assert daemon.process is not None
    lines = []
    for child in psutil.Process(daemon.process.pid).children():
        with suppress(psutil.NoSuchProcess):  # it ends just now
            lines.append(" ".join(child.cmdline()))
    return lines
