"""Promise 2, disks and folders: full, read-only, gone and back; and originals that change under the worker's hands."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path

import av
import pytest

from daemon.commands.check import _findings
from daemon.commands.client import look_up
from daemon.control.status import status_of
from daemon.journal.database import JournalError
from daemon.journal.journal import Journal
from tests.assets.films import ENDLESS, LONG, Film, write_film
from tests.assets.journals import enter
from tests.assets.pictures import write_grey
from tests.assets.shares import hanging_mount
from tests.conftest import TIMEOUT, Daemon, unfinished_in
from tests.faults.conftest import Service, assert_in_order

Mount = Callable[..., None]


@pytest.fixture
def mount() -> Iterator[Mount]:
    """Mounts a small file system of its own at a place; unmounts them all at the end."""
    with ExitStack() as mounts:

        def mounting(place: Path, options: str = "size=4m") -> None:
            place.mkdir(parents=True, exist_ok=True)
            command = ["mount", "-t", "tmpfs", "-o", options, "tintd-test", place]
            if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:
                pytest.skip("mounting needs root, and a system that allows it")
            mounts.callback(subprocess.run, ["umount", "--lazy", place], check=False, capture_output=True)

        yield mounting


def fill(place: Path, leave: int) -> Path:
    """Fill a disk but for so many bytes; the service may write to it meanwhile."""
    filler = place / "filler"
    with filler.open("wb") as file:
        while True:
            try:
                os.posix_fallocate(file.fileno(), 0, max(1, shutil.disk_usage(place).free - leave))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
            else:
                return filler


def is_running(service: Service) -> bool:
    """Whether some job is under way."""
    return service.counts().get("running") == 1


@pytest.mark.parametrize("spare", [0, 8])
def test_a_full_output_disk_holds_the_job(service: Service, mount: Mount, spare: int) -> None:
    """Breaks: the disk of the results, which is full; with the guard (8 MiB to spare) before a job begins."""
    mount(service.outbox, "size=40m")
    service.settings["work"]["spare_mib"] = spare
    filler = fill(service.outbox, 4096)
    service.start()
    write_grey(service.inbox / "a.png", 300, 300)
    told = "nearly full" if spare else "held"
    service.until(lambda: told in service.log(), "it says so")
    service.until(lambda: service.counts() == {"waiting" if spare else "held": 1}, "it waits")
    filler.unlink()
    service.finish(done=1)
    service.signal(signal.SIGTERM)
    assert_in_order(service)


def test_a_full_journal_disk_holds_everything(service: Service, mount: Mount) -> None:
    """Breaks: the disk of the journal, which is full when a file comes, and while one is coloured."""
    mount(service.root / "state", "size=4m")
    service.settings["work"]["spare_mib"] = 0
    service.start()
    write_grey(service.inbox / "a.png")
    service.finish(done=1)
    filler = fill(service.root / "state", 0)
    write_grey(service.inbox / "b.png", 40)
    service.until(lambda: "the journal cannot be written" in service.log(), "it says so")
    filler.unlink()
    service.finish(done=2)
    service.signal(signal.SIGTERM)
    assert_in_order(service)


def test_an_output_folder_that_becomes_read_only(service: Service, mount: Mount) -> None:
    """Breaks: the file system of the results, which errors have made read-only."""
    mount(service.outbox)
    service.start()
    write_grey(service.inbox / "a.png")
    service.finish(done=1)
    service.until(lambda: not service.leftovers(), "the work folder is gone")
    subprocess.run(["mount", "-o", "remount,ro", service.outbox], check=True)
    write_grey(service.inbox / "b.png", 40)
    service.until(lambda: "cannot be written: Read-only file system (" in service.log(), "it says so")
    findings = islice(_findings(service.root / "config.yaml"), 4)  # those about folders
    assert any("mounted read-only" in finding.text for finding in findings)
    subprocess.run(["mount", "-o", "remount,rw", service.outbox], check=True)
    service.finish(done=2)
    service.signal(signal.SIGTERM)
    assert_in_order(service)


def test_an_output_mount_that_goes_and_comes_back(service: Service, mount: Mount) -> None:
    """Breaks: the mount of the results while a film is coloured; nothing is written below the empty mount point."""
    mount(service.root / "disk")
    (service.root / "disk" / "results").mkdir()
    service.settings["folders"][0]["output"] = "disk/results"
    service.start()
    service.drop_film("film.mp4", LONG)
    service.until(lambda: is_running(service), "the film is being coloured")
    subprocess.run(["umount", "--lazy", service.root / "disk"], check=True)
    write_grey(service.inbox / "a.png")
    service.until(lambda: "is no longer mounted" in service.log(), "it says so")
    assert list((service.root / "disk").iterdir()) == []
    mount(service.root / "other")  # takes the device number that has come free
    mount(service.root / "disk")
    service.finish(done=2)
    service.signal(signal.SIGTERM)
    assert sorted(path.name for path in (service.root / "disk" / "results").iterdir()) == ["a.png", "film.mp4"]


def test_an_output_mount_that_comes_back_under_another_number(service: Service, mount: Mount) -> None:
    """Breaks: the device's number, which each mount of a network file system gets anew. It goes on by itself."""
    mount(service.outbox)
    number = service.outbox.stat().st_dev
    service.start()
    write_grey(service.inbox / "a.png")
    service.finish(done=1)
    subprocess.run(["umount", "--lazy", service.outbox], check=True)
    mount(service.root / "another")
    write_grey(service.inbox / "b.png", 40)
    service.until(lambda: "is no longer mounted" in service.log(), "it says so")
    mount(service.outbox)
    assert service.outbox.stat().st_dev != number
    service.finish(done=2)
    assert (service.outbox / "b.png").exists()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another disk."""
    shared = Path("/dev/shm")  # noqa: S108 (the folder in it is made by tempfile)
    if not shared.is_dir() or shared.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip(f"{shared} is no other file system")
    with tempfile.TemporaryDirectory(dir=shared) as made:
        yield Path(made)


def test_a_sub_folder_of_the_results_on_another_disk(service: Service, elsewhere: Path) -> None:
    """Breaks: renaming from the output folder into its sub-folder. It is coloured there, once."""
    service.settings["folders"][0]["links"] = "follow"
    service.outbox.mkdir()
    (service.outbox / "films").symlink_to(elsewhere)
    (service.inbox / "films" / "1936").mkdir(parents=True)
    write_grey(service.inbox / "films" / "1936" / "a.png")
    service.start()
    service.finish(done=1)
    assert len(service.logged("colouring")) == 1
    service.until(lambda: not unfinished_in(elsewhere), "the work folder is gone")
    assert [path.name for path in elsewhere.rglob("*")] == ["1936", "a.png"]
    assert [path.name for path in service.outbox.iterdir()] == ["films"]


def test_links_that_lead_out_are_not_followed(service: Service) -> None:
    """Breaks: links to other places in the output folder and in place of `done/`. Nothing is written there."""
    outside = service.root / "outside"
    outside.mkdir()
    service.outbox.mkdir()
    (service.outbox / "films").symlink_to(outside)
    (service.inbox / "done").symlink_to(outside)
    (service.inbox / "films").mkdir()
    write_grey(service.inbox / "films" / "a.png")
    write_grey(service.inbox / "b.png")
    service.settings["folders"][0]["original"] = "move"
    service.start()
    service.finish(done=1, held=1)
    service.until(lambda: service.logged("the original stays where it is"), "it is said")
    assert "links: follow" in service.logged("held")[0]["reason"]
    assert list(outside.iterdir()) == []


def test_a_sub_folder_of_the_results_that_is_mounted_there(service: Service) -> None:
    """Breaks: the same, by a folder of the same disk that is mounted in two places."""
    (service.root / "nas").mkdir()
    place = service.outbox / "films"
    place.mkdir(parents=True)
    if os.geteuid() != 0 or subprocess.run(["mount", "--bind", service.root / "nas", place], check=False).returncode:
        pytest.skip("mounting needs root, and a system that allows it")
    try:
        (service.inbox / "films").mkdir()
        write_grey(service.inbox / "films" / "a.png")
        service.start()
        service.finish(done=1)
        assert len(service.logged("colouring")) == 1
        service.until(lambda: not service.leftovers(), "the work folder is gone")
        assert [path.name for path in (service.root / "nas").iterdir()] == ["a.png"]
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def test_what_a_kill_leaves_on_another_disk(service: Service, elsewhere: Path) -> None:
    """Breaks: the service, in mid-film, and then the original, which goes: a sweep finds the work folder."""
    service.settings["folders"][0]["links"] = "follow"
    service.outbox.mkdir()
    (service.outbox / "films").symlink_to(elsewhere)
    (service.inbox / "films").mkdir()
    service.start()
    film = service.drop_film("films/film.mkv", ENDLESS)
    service.until(lambda: list(elsewhere.glob(".tintd-*/*")), "the film is being coloured")
    service.signal(signal.SIGKILL)
    film.unlink()
    service.settings["watching"]["rescan_seconds"] = 0.5
    write_grey(service.inbox / "a.png")
    service.start()
    service.finish(done=1)
    service.until(lambda: list(elsewhere.iterdir()) == [], "it is swept")


def test_a_disk_that_is_mounted_below_the_results_in_mid_film(service: Service, mount: Mount) -> None:
    """Breaks: the sub-folder where the result will lie, which is another disk's by then. It costs one attempt."""
    (service.outbox / "films").mkdir(parents=True)
    (service.inbox / "films").mkdir()
    service.settings["watching"]["rescan_seconds"] = 0.5
    service.start()
    service.drop_film("films/film.mkv", LONG)
    service.until(lambda: is_running(service), "the film is being coloured")
    mount(service.outbox / "films")
    service.finish(done=1)
    assert len(service.logged("colouring")) == 2
    assert "cross-device" in service.logged("will be tried again")[0]["reason"]
    service.until(lambda: not service.leftovers(), "what was finished on the other disk is swept")
    assert [path.name for path in (service.outbox / "films").iterdir()] == ["film.mkv"]


def test_a_name_that_the_output_folder_does_not_take(service: Service) -> None:
    """Breaks: the kernel's limit of a path's length. The file is coloured once, and failed with a reason."""
    service.settings["folders"][0]["output"] = "/".join(["o" * 200] * 2)
    service.start()
    deep = service.inbox
    while len(str(deep)) < 3800:
        deep /= "d" * 100
    deep.mkdir(parents=True)
    write_grey(deep / "a.png")
    service.finish(failed=1)
    assert service.log().count('"event": "colouring"') == 1
    assert "no such name in the output folder (File name too long)" in service.log()
    assert service.leftovers() == []


def test_an_original_that_becomes_a_pipe(daemon: Daemon) -> None:
    """Breaks: reading from an original, by a pipe in its place at which a reader waits for ever. The rest goes on."""
    daemon.command_offline("pause")
    daemon.start()
    for name in ("a.png", "b.png"):
        write_grey(daemon.inbox / name)
    daemon.wait_until(lambda: daemon.status()["counts"]["waiting"] == 2, "both are found")
    for name in ("a.png", "b.png"):
        (daemon.inbox / name).unlink()
        os.mkfifo(daemon.inbox / name)
    write_grey(daemon.inbox / "c.png")
    daemon.command("resume")
    daemon.wait_for(done=1)


@pytest.mark.parametrize("place", ["inbox", "outbox"])
def test_a_network_mount_whose_server_died(service: Service, place: str) -> None:
    """Breaks: sshfs and the like: the folder is there, and every question about it is answered with an error."""
    service.settings["watching"] |= {"settle_seconds": 1, "rescan_seconds": 1}
    service.start()
    service.drop_film("film.mkv", LONG)
    service.until(lambda: is_running(service), "the film is being coloured")
    write_grey(service.inbox / "settling.png")
    with dead_mount(service.root / place):
        time.sleep(4)
        assert service.is_alive()
    service.finish(done=2)
    service.signal(signal.SIGTERM)
    assert_in_order(service)


@contextmanager
def dead_mount(place: Path) -> Iterator[None]:
    """A file system in user space of which nothing is left but the mount."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("file systems in user space need root, and a system that allows it")
    server = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={server},rootmode=40000,user_id=0,group_id=0".encode()
    failed = libc.mount(b"tintd-test", os.fsencode(place), b"fuse", 0, options)
    os.close(server)
    if failed:
        pytest.skip("mounting needs root, and a system that allows it")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


def test_a_share_that_hangs_keeps_no_other_folder_waiting(service: Service) -> None:
    """Breaks: a network share whose server answers nothing, not even by an error. People are told; it comes back."""
    share = service.root / "share"
    service.settings["folders"].append({"input": str(share / "in"), "output": str(share / "out")})
    service.settings["watching"] |= {"rescan_seconds": 1}
    with hanging_mount(share) as server:
        (share / "in").mkdir()
        write_grey(share / "in" / "a.png")
        service.start()
        service.finish(done=1)
        os.kill(server, signal.SIGSTOP)
        try:
            service.until(lambda: "does not answer" in service.log(), "it is noticed")
            write_grey(service.root / "b.png", 40).rename(service.inbox / "b.png")
            service.finish(done=2)
            told = subprocess.run(
                [sys.executable, "-m", "daemon", "status", "-c", str(service.root / "config.yaml")],
                capture_output=True,
                text=True,
                check=True,
                timeout=TIMEOUT,
            ).stdout
        finally:
            os.kill(server, signal.SIGCONT)
        assert f"the disk of {share / 'out'} does not answer" in told
        write_grey(service.root / "c.png", 50).rename(service.inbox / "c.png")
        write_grey(share / "in" / "d.png", 60)
        service.finish(done=4)
        service.signal(signal.SIGTERM)


def test_a_disk_without_room_for_a_films_files(service: Service, mount: Mount) -> None:
    """Breaks: the disk of the results, which has bytes but no inodes left: that is not the film's fault."""
    mount(service.outbox, "size=40m,nr_inodes=3")
    service.settings["work"]["attempts"] = 1
    service.start()
    service.drop_film("film.mkv", Film(frames=20))
    service.until(lambda: service.logged("held"), "it waits")
    assert "No space left" in service.logged("held")[0]["reason"]
    subprocess.run(["mount", "-o", "remount,nr_inodes=100", service.outbox], check=True)
    service.finish(done=1)
    service.signal(signal.SIGTERM)
    assert_in_order(service)


def test_a_full_temporary_folder(tintd: Daemon, mount: Mount, monkeypatch: pytest.MonkeyPatch) -> None:
    """Breaks: the disk where libvips keeps what memory is too small for. No photograph is called damaged for it."""
    mount(tintd.root / "tmp", "size=64k")
    monkeypatch.setenv("TMPDIR", str(tintd.root / "tmp"))
    monkeypatch.setenv("VIPS_DISC_THRESHOLD", "100k")
    tintd.settings["work"]["attempts"] = 1
    tintd.start()
    write_grey(tintd.inbox / "a.webp", 500, 500)
    tintd.wait_until(lambda: tintd.logged("held"), "it waits")
    assert "No space left" in tintd.logged("held")[0]["reason"]
    subprocess.run(["mount", "-o", "remount,size=10m", tintd.root / "tmp"], check=True)
    tintd.wait_for(done=1)


def test_a_result_that_cannot_have_its_name(service: Service) -> None:
    """Breaks: the way to the result, which leads through somebody's file. Waiting would not help, so the job fails."""
    (service.inbox / "album").mkdir()
    service.outbox.mkdir()
    (service.outbox / "album").write_text("somebody's")
    service.start()
    write_grey(service.inbox / "album" / "a.png")
    service.finish(failed=1)
    assert len(service.logged("colouring")) == 1
    assert "no such name in the output folder (File exists)" in service.logged("failed")[0]["reason"]


def test_the_journals_disk_is_full_when_the_service_stops(service: Service, mount: Mount) -> None:
    """Breaks: the disk of the journal, at a stop in mid-film. The next start finds the film interrupted."""
    mount(service.root / "state", "size=4m")
    service.settings["work"]["spare_mib"] = 0
    service.start()
    service.drop_film("film.mkv", LONG)
    service.until(lambda: is_running(service), "the film is being coloured")
    os.kill(service.pid, signal.SIGSTOP)
    filler = fill(service.root / "state", 0)
    os.kill(service.pid, signal.SIGTERM)
    service.signal(signal.SIGCONT)
    assert service.logged("stopped")
    assert "Traceback" not in service.log()
    filler.unlink()
    service.start()
    service.finish(done=1)
    service.signal(signal.SIGTERM)
    assert_in_order(service)


def test_a_damaged_journal_is_told_of_in_words(service: Service) -> None:
    """Breaks: the journal's tables, but not its head. Who asks gets one line, and the service does not start."""
    journal = Journal(service.root / "state")
    for number in range(500):
        enter(journal, service.inbox / str(number), service.inbox)
    journal.close()
    with (service.root / "state" / "journal.sqlite3").open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(50_000))
    with pytest.raises(JournalError, match="cannot be used"):
        look_up(service.configure(), "status", lambda journal: status_of(journal, None))
    service.start()
    service.until(lambda: not service.is_alive(), "it refuses", of_the_living=False)
    assert "JournalError" in service.log().splitlines()[-1]


def test_an_input_mount_that_goes_means_no_deletion(service: Service, mount: Mount) -> None:
    """Breaks: the mount of the originals, while some wait and some are done; nothing is forgotten or done twice."""
    source = service.root / "nas"
    mount(source, "size=20m")
    service.inbox.rmdir()
    service.inbox.symlink_to(service.root / "seen")
    (service.root / "seen").mkdir()
    subprocess.run(["mount", "--bind", source, service.root / "seen"], check=True)
    try:
        service.start()
        write_grey(service.inbox / "a.png")
        service.finish(done=1)
        os.kill(service.pid, signal.SIGSTOP)
        write_grey(service.inbox / "b.png", 40)
        subprocess.run(["umount", "--lazy", service.root / "seen"], check=True)
        os.kill(service.pid, signal.SIGCONT)
        time.sleep(2)
        assert service.counts() == {"done": 1}
        subprocess.run(["mount", "--bind", source, service.root / "seen"], check=True)
        service.finish(done=2)
        service.until(lambda: len(service.logged("done")) == 2, "each is done once")
    finally:
        service.signal(signal.SIGTERM)
        subprocess.run(["umount", "--lazy", service.root / "seen"], check=False)
    assert service.log().count('"event": "done"') == 2
    assert sorted(path.name for path in service.outbox.iterdir()) == ["a.png", "b.png"]


@pytest.mark.parametrize("what", ["deleted", "replaced", "truncated", "appended"])
def test_an_original_that_changes_while_it_is_coloured(service: Service, what: str) -> None:
    """Breaks: the original, under the worker's hands; what is published is of what lies there at the end."""
    short = write_film(service.root / "short.mkv", Film(frames=7))
    service.start()
    film = service.drop_film("film.mkv", LONG if what == "appended" else ENDLESS)
    service.until(lambda: is_running(service), "the film is being coloured")
    match what:
        case "deleted":
            film.unlink()
        case "replaced":
            short.rename(film)
        case "truncated":
            with film.open("r+b") as file:
                file.truncate(1000)
        case "appended":
            with film.open("ab") as file:
                file.write(b"\0" * 100)
    if what == "deleted":
        service.until(lambda: not service.counts(), "the job is dropped")
    elif what == "truncated":
        service.finish(failed=1)
    else:
        service.finish(done=1)
        with av.open(str(service.outbox / "film.mkv")) as result:
            assert sum(1 for _ in result.decode(video=0)) == (7 if what == "replaced" else LONG.frames)
    service.signal(signal.SIGTERM)
    assert_in_order(service)
