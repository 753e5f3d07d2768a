"""Promise 2, kill -9: of the service, of its worker, of both, at any moment; afterwards everything is done once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import av
import psutil
import pytest
from PIL import Image

from tests.assets.films import ENDLESS, Film, write_film
from tests.assets.pictures import encoded, write_cut, write_grey
from tests.conftest import TIMEOUT, Daemon
from tests.faults.conftest import Service, assert_in_order, immutable


def workers_of(service: Service) -> list[int]:
    """Processes that read this service's files: they are children of the fork server, not of the service."""
    mine = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if any(str(service.root) in file.path for file in process.open_files()) and process.pid != os.getpid():
                mine.append(process.pid)
    return [pid for pid in mine if pid != service.pid]


def kill(service: Service, victim: str) -> None:
    """Kill the service, its worker, or both at once."""
    victims = workers_of(service) if victim != "service" else []
    if victim != "worker":
        victims.append(service.pid)
    for pid in victims:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    service.until(lambda: victim == "worker" or not service.is_alive(), "it is dead", of_the_living=False)


def drop(service: Service, number: int) -> None:
    """The next file: mostly photographs, now and then a film, written in place or moved in."""
    if number % 4 == 3:
        film = write_film(service.root / f"{number}.mp4", Film(frames=20, width=64, height=64))
        film.rename(service.inbox / film.name)
    else:
        (service.inbox / f"{number}.png").write_bytes(encoded(".png", 40 + number % 60, 40))


def kill_at_random(service: Service, kills: int, seed: int) -> None:
    """Kill at random moments while files are dropped; then let everything be finished, and look."""
    rolled = random.Random(seed)
    service.settings["work"]["attempts"] = 1000
    service.start()
    for number in range(kills):
        drop(service, number)
        time.sleep(rolled.uniform(0, 1.2))
        kill(service, rolled.choice(["service", "service", "worker", "both"]))
        if not service.is_alive():
            service.start()
    service.finish(done=kills)
    service.signal(signal.SIGTERM)
    assert_in_order(service)
    for number in range(kills):
        if number % 4 == 3:
            with av.open(str(service.outbox / f"{number}.mp4")) as film:
                assert sum(1 for _ in film.decode(video=0)) == 20
        else:
            with Image.open(service.outbox / f"{number}.png") as picture:
                picture.load()
                assert picture.size == (40, 40 + number % 60)


def test_kill_nine_at_two_dozen_random_moments(service: Service) -> None:
    """Breaks: the service, its worker or both, by SIGKILL, during detection, decoding, encoding, renaming, commits."""
    kill_at_random(service, kills=24, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [2, 3, 4])
def test_kill_nine_at_hundreds_of_random_moments(service: Service, seed: int) -> None:
    """Breaks: the same, three hundred times."""
    kill_at_random(service, kills=100, seed=seed)


def test_two_services_on_one_state(service: Service) -> None:
    """Breaks: the rule that one service keeps one journal; the second one refuses, the first one goes on."""
    service.start()
    write_grey(service.inbox / "a.png")
    service.finish(done=1)
    first = service.pid
    service.start()
    service.until(lambda: not service.is_alive(), "the second refuses", of_the_living=False)
    assert "another tintd is using this state folder" in service.log()
    service.pid = first
    write_grey(service.inbox / "b.png", 40)
    service.finish(done=2)
    service.signal(signal.SIGTERM)
    assert_in_order(service)


DOOMED = """
import os, signal, sys
from pathlib import Path
from daemon.jobs import delivery
from daemon.commands.run import run
delivery.remove_stale = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
run(Path(sys.argv[1]))
"""
"""A service that is killed when its first result has its name, and nothing more has been done about it."""


def run_doomed(daemon: Daemon) -> None:
    """Run that service until it is killed."""
    command = [sys.executable, "-c", DOOMED, str(daemon.configure())]
    doomed = subprocess.run(command, stderr=subprocess.DEVNULL, timeout=TIMEOUT, check=False)
    assert doomed.returncode == -signal.SIGKILL


def test_a_kill_between_publishing_and_the_journal(daemon: Daemon) -> None:
    """Breaks: the moment after a result appeared. The next start knows all of it, and takes the note back."""
    daemon.settings["work"]["attempts"] = 1
    daemon.start()
    write_cut(daemon.inbox / "a.png", 700)
    daemon.wait_for(failed=1)
    daemon.stop()
    write_grey(daemon.inbox / "a.png")
    run_doomed(daemon)
    assert (daemon.outbox / "a.png").exists()
    assert (daemon.outbox / "a.png.failed.txt").exists()
    daemon.start()
    daemon.wait_for(done=1)
    assert not daemon.logged("colouring")
    assert not (daemon.outbox / "a.png.failed.txt").exists()
    [known] = daemon.status()["files"]
    assert known["settings"]
    assert known["weights"]
    assert known["seconds"] > 0
    assert daemon.leftovers() == []


def test_a_kill_between_publishing_anew_and_removing_what_was_before(daemon: Daemon) -> None:
    """Breaks: the moment after the new result appeared, under another name. The next start removes the earlier one.

    And then: removing the note of a failure, as a share does where it is open. It stays, at that start and later.
    """
    daemon.start()
    write_grey(daemon.inbox / "a.png")
    daemon.wait_for(done=1)
    daemon.stop()
    daemon.settings["photo"] = {"format": "tiff"}
    daemon.command_offline("recolor", "a.png")
    run_doomed(daemon)
    assert sorted(path.name for path in daemon.outbox.glob("a.*")) == ["a.png", "a.tif"]
    notes = [daemon.outbox / f"{name}.png.failed.txt" for name in "ab"]
    for note in notes:
        note.write_text("tintd could not colour this file:\nbroken\n")
    with immutable(notes[0]), immutable(notes[1]):
        daemon.start()
        assert not (daemon.outbox / "a.png").exists()
        write_grey(daemon.inbox / "b.png", 40)
        daemon.wait_for(done=2)
        assert [Path(line["file"]).name for line in daemon.logged("colouring")] == ["b.png"]
        assert len(daemon.logged("stale file kept")) == 2


def test_a_file_in_whose_middle_the_service_ends_again_and_again(daemon: Daemon) -> None:
    """Breaks: the service, again and again. The file waits longer then, others come first, and no attempt is lost."""
    daemon.settings["work"] |= {"attempts": 1, "retry_seconds": 600}
    daemon.drop_film("film.mkv", ENDLESS)
    for _ in range(2):
        daemon.start()
        daemon.wait_until(lambda: daemon.status()["counts"]["running"], "the film is being coloured")
        daemon.stop(signal.SIGKILL)
    daemon.start()
    write_grey(daemon.inbox / "a.png")
    daemon.wait_until(lambda: daemon.status()["counts"]["done"] == 1, "another is done")
    [film] = [file for file in daemon.status()["files"] if file["state"] == "waiting"]
    assert film["reason"] == "the service ended while it was coloured (2 times)"
    assert film["attempts"] == 0
    assert film["due"] > time.time() + 500
