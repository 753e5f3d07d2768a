"""A state folder that is lost costs no work: results that exist are found again, and none is made twice."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pillow_heif
from PIL import Image

from tests.assets.films import Film
from tests.assets.pictures import grey
from tests.conftest import Daemon
from tests.faults.conftest import Service

FORMATS = ("jpg", "png", "tif", "webp", "gif", "jp2", "heic", "avif")
PLAIN = ("bmp", "pgm")
"""Formats without metadata, whose results cannot say where they come from."""
FILMS = ("a.mp4", "b.mkv", "c.mov", "d.avi")


def drop(path: Path, shift: int = 0) -> Path:
    """Write a photograph in the format of its name, of a content of its own."""
    picture = grey() + shift
    if path.suffix == ".heic":
        pillow_heif.from_pillow(Image.fromarray(picture)).save(path)
    else:
        Image.fromarray(picture).save(path)
    return path


def results(outbox: Path) -> dict[str, int]:
    """Names of the results, and when each was written."""
    return {path.name: path.stat().st_mtime_ns for path in outbox.iterdir() if path.is_file()}


def test_results_in_all_formats_are_adopted_by_a_new_journal(service: Service) -> None:
    """Breaks: kill -9, and the state folder is removed. Only files that cannot be told apart are asked about."""
    for number, suffix in enumerate((*FORMATS, *PLAIN)):
        drop(service.inbox / f"picture-{suffix}.{suffix}", number)
    drop(service.inbox / "same.png", 20)
    drop(service.inbox / "same.tif", 21)
    drop(service.inbox / "same.bmp", 22)
    for name in FILMS:
        service.drop_film(name, Film(frames=4))
    everything = len(FORMATS) + len(PLAIN) + len(FILMS) + 3
    service.start()
    service.finish(done=everything)
    before = results(service.outbox)
    service.signal(signal.SIGKILL)
    shutil.rmtree(service.root / "state")
    service.start()
    service.until(lambda: service.logged("results existed already"), "the results were found")
    assert results(service.outbox) == before
    service.finish(done=everything - 3, skipped=3)
    assert [(line["adopted"], line["unclear"]) for line in service.logged("results existed already")] == [
        (everything - 3, 3)
    ]


def test_a_person_says_what_a_file_of_unknown_origin_is(daemon: Daemon) -> None:
    """It is never replaced, and its original is not coloured beside it before somebody asks for that."""
    daemon.outbox.mkdir()
    for name in ("one.jpg", "two.jpg"):
        (daemon.outbox / name).write_bytes(b"whose is this?")
        drop(daemon.inbox / name)
    daemon.start()
    daemon.wait_for(skipped=2)
    assert "tintd adopt" in daemon.status()["files"][0]["reason"]
    assert "1 file has a result now" in daemon.command("adopt", "one.jpg").stdout
    daemon.command("recolor", "two.jpg")
    daemon.wait_for(done=2)
    assert {path.name for path in daemon.outbox.iterdir()} == {"one.jpg", "two.jpg", "two (2).jpg"}
    assert (daemon.outbox / "two.jpg").read_bytes() == b"whose is this?"


def test_the_configuration_can_answer_for_the_person(daemon: Daemon) -> None:
    """`existing: beside` colours the original, and the file keeps its name."""
    daemon.settings["folders"][0]["existing"] = "beside"
    daemon.outbox.mkdir()
    (daemon.outbox / "one.jpg").write_bytes(b"whose is this?")
    drop(daemon.inbox / "one.jpg")
    daemon.start()
    daemon.wait_for(done=1)
    assert {path.name for path in daemon.outbox.iterdir()} == {"one.jpg", "one (2).jpg"}


def test_a_changed_original_is_coloured_although_its_old_result_exists(service: Service) -> None:
    """Breaks: the state folder is removed, and the original replaced. The old result is that of another content."""
    drop(service.inbox / "cat.jpg")
    service.start()
    service.finish(done=1)
    service.signal(signal.SIGKILL)
    shutil.rmtree(service.root / "state")
    drop(service.inbox / "cat.jpg", 9)
    service.start()
    service.finish(done=1)
    assert sorted(results(service.outbox)) == ["cat (2).jpg", "cat.jpg"]


def test_what_is_forgotten_is_not_coloured_twice(daemon: Daemon) -> None:
    """The file is found as a new one, and its result with it."""
    drop(daemon.inbox / "cat.jpg")
    daemon.start()
    daemon.wait_for(done=1)
    before = results(daemon.outbox)
    daemon.command("forget", "cat.jpg")
    daemon.wait_until(lambda: daemon.logged("results existed already"), "it was found again")
    daemon.wait_for(done=1)
    assert results(daemon.outbox) == before


def test_a_state_folder_that_is_removed_stops_the_work(service: Service) -> None:
    """Breaks: `rm -r state` under the running service. New files wait until it is started again; nothing is lost."""
    drop(service.inbox / "one.jpg")
    service.start()
    service.finish(done=1)
    shutil.rmtree(service.root / "state")
    drop(service.inbox / "two.jpg", 1)
    service.until(lambda: service.logged("paused"), "the service pauses")
    os.kill(service.pid, signal.SIGTERM)
    service.until(lambda: not service.is_alive(), "the service has ended", of_the_living=False)
    assert sorted(results(service.outbox)) == ["one.jpg"]
    service.start()
    service.finish(done=2)
    assert sorted(results(service.outbox)) == ["one.jpg", "two.jpg"]
