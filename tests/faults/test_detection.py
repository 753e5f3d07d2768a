"""Promise 4: detection that cannot miss. Each test breaks the way by which files are found."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from daemon.config.settings import Folder, Watching
from daemon.watch import scanner
from daemon.watch.file_events import FileEvents
from daemon.watch.watcher import Watcher
from tests.assets.pictures import write_grey
from tests.conftest import TIMEOUT, Daemon

WHILE_WRITTEN = {"settle_seconds": 3}
"""For files that change before they are complete: a test on a busy machine may rest for a second between two lines."""


@pytest.fixture(autouse=True)
def frequent_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """What only a check notices takes half a second, not half a minute."""
    monkeypatch.setattr(scanner, "_CHECK_SECONDS", 0.5)


class Finder:
    """A watcher and what it has found, driven as the service drives it, without a journal."""

    def __init__(self, inbox: Path, folder: dict[str, Any], watching: dict[str, Any]) -> None:
        made = Folder.model_validate({"input": inbox, "output": inbox.parent / "out", **folder})
        quick = {"settle_seconds": 0.2, "rescan_seconds": 3600, "poll_seconds": 0.5, **watching}
        self.watcher = Watcher((made,), Watching.model_validate(quick), lambda: None)
        self.found: list[Path] = []
        self.known: set[Path] = set()

    def turn(self) -> None:
        """What the service's loop does."""
        for file in self.watcher.found(500):
            if file.path not in self.known:
                self.watcher.observe(file.path)
        new = [file.path for file in self.watcher.complete(500) if file.path not in self.known]
        self.found += new
        self.known |= set(new)

    def until(self, true: Callable[[], object], what: str) -> None:
        """Turn until something is true."""
        end = time.monotonic() + TIMEOUT
        while not true():
            assert time.monotonic() < end, f"not so: {what}; found {len(self.found)}"
            self.turn()
            time.sleep(0.02)

    def finds(self, *paths: Path) -> None:
        """Turn until all of these, and no others, are found."""
        self.until(lambda: set(paths) <= self.known, f"{len(paths)} files are found")
        assert sorted(self.found) == sorted(paths)


@contextmanager
def finding(
    inbox: Path, folder: dict[str, Any] | None = None, watching: dict[str, Any] | None = None
) -> Iterator[Finder]:
    """A started watcher whose first scan has ended, so that only events (or what replaces them) find what comes."""
    inbox.mkdir(exist_ok=True)
    finder = Finder(inbox, folder or {}, watching or {})
    finder.watcher.start()
    try:
        finder.turn()
        while finder.watcher.is_waiting():
            finder.turn()
        yield finder
    finally:
        finder.watcher.stop()


def drop(path: Path, content: str = "x") -> Path:
    """A file, and the folders on its way."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def test_a_queue_that_overflows_loses_nothing(tmp_path: Path) -> None:
    """Breaks: the kernel's event queue, by more events than it holds while this process is stopped."""
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if limit > 20_000:
        pytest.skip(f"the queue holds {limit} events here: overflowing it takes too long")
    shouting = """
import os, signal, sys, time
parent = os.getppid()
os.kill(parent, signal.SIGSTOP)
def stopped(task):
    return open(f"/proc/{parent}/task/{task}/stat").read().rsplit(") ")[-1][0] == "T"
while not all(map(stopped, os.listdir(f"/proc/{parent}/task"))):
    time.sleep(0.01)  # a thread that still reads would empty the queue
for n in range(2 * int(sys.argv[2])):
    os.close(os.open(f"{sys.argv[1]}/{n % 100}", os.O_CREAT | os.O_WRONLY))
open(f"{sys.argv[1]}/last", "w").close()
os.kill(parent, signal.SIGCONT)
"""
    structlog.reset_defaults()  # a command that ran in this process may have silenced the log
    with capture_logs() as entries, finding(tmp_path / "in") as finder:
        subprocess.run([sys.executable, "-c", shouting, str(tmp_path / "in"), str(limit)], check=True)
        finder.finds(*(tmp_path / "in" / f"{number}" for number in range(100)), tmp_path / "in" / "last")
    assert any("overflowed" in entry.get("reason", "") for entry in entries)


def test_thousands_of_files_in_a_second(tmp_path: Path) -> None:
    """Breaks: the room for hints and for files under observation, by more files than they hold."""
    with finding(tmp_path / "in") as finder:
        for number in range(6_000):
            (tmp_path / "in" / f"{number}").touch()
        finder.until(lambda: len(finder.known) == 6_000, "every file is found")
        assert len(finder.found) == 6_000


def test_folders_made_and_filled_at_once(tmp_path: Path) -> None:
    """Breaks: the race between a new folder and the watch on it."""
    with finding(tmp_path / "in") as finder:
        paths = [drop(tmp_path / "in" / f"{a}" / f"{b}" / "x.jpg") for a in range(30) for b in range(10)]
        finder.finds(*paths)


def test_renames_across_folders(tmp_path: Path) -> None:
    """Breaks: the name under which an event was sent, by moving files and whole trees while they settle."""
    with finding(tmp_path / "in", watching=WHILE_WRITTEN) as finder:
        drop(tmp_path / "in" / "a" / "deep" / "1.jpg")
        drop(tmp_path / "in" / "b" / "2.jpg")
        (tmp_path / "in" / "a").rename(tmp_path / "in" / "b" / "moved")
        (tmp_path / "in" / "b" / "2.jpg").rename(tmp_path / "in" / "3.jpg")
        finder.finds(tmp_path / "in" / "b" / "moved" / "deep" / "1.jpg", tmp_path / "in" / "3.jpg")
        late = drop(tmp_path / "in" / "b" / "moved" / "deep" / "4.jpg")
        finder.until(lambda: late in finder.known, "a file in a folder that was moved is found")


def test_trees_that_are_renamed_as_they_are_made(tmp_path: Path) -> None:
    """Breaks: watchdog's paths, by giving trees their names while it looks at them, as those do who unpack archives.

    A file that comes into one of their folders later was found by the next scan alone.

    """
    with finding(tmp_path / "in") as finder:
        for name in "abc":
            for number in range(40):
                (tmp_path / "in" / f"unpacking {name}" / f"{number}" / "scans").mkdir(parents=True)
            (tmp_path / "in" / f"unpacking {name}").rename(tmp_path / "in" / name)
        time.sleep(0.5)  # the events of these come first
        finder.until(lambda: not finder.watcher.is_waiting(), "nothing is waited for")
        finder.finds(*(drop(tmp_path / "in" / name / f"{n}" / "scans" / "x.jpg") for name in "abc" for n in range(40)))


def test_folders_that_are_renamed_one_after_the_other_share_scans(daemon: Daemon) -> None:
    """Breaks: a program that renames folders all the time. Each name cost a scan; now scans keep to their share."""
    daemon.settings["log"] = {"format": "json", "level": "debug"}
    daemon.settings["watching"] |= {"settle_seconds": 0, "rescan_seconds": 3600}
    for number in range(5_000):
        (daemon.inbox / f"{number}.part").touch()
    (daemon.inbox / "0").mkdir()
    daemon.start()
    names = itertools.count(1)

    def renamed_and_scanned() -> bool:
        name = next(names)
        (daemon.inbox / f"{name - 1}").rename(daemon.inbox / f"{name}")
        return len(daemon.logged("scanned")) >= 4

    daemon.wait_until(renamed_and_scanned, "folders are scanned again and again")
    first, *others = daemon.logged("scanned")
    seconds = datetime.fromisoformat(others[-1]["timestamp"]) - datetime.fromisoformat(first["timestamp"])
    assert sum(line["busy"] for line in others) < 0.2 * seconds.total_seconds()
    write_grey(daemon.root / "a.png").rename(next(daemon.inbox.glob("[0-9]*/")) / "a.png")
    daemon.wait_for(done=1)


@pytest.mark.parametrize(
    ("original", "target", "missed"),
    [("move", "done/reel", False), ("move", "reel 2", True), ("keep", "done/reel", True)],
)
def test_folders_that_are_done_are_not_looked_for(tmp_path: Path, original: str, target: str, *, missed: bool) -> None:
    """Breaks: after each film of frames that was moved to `done`, all folders were scanned again."""
    for name in ("done", "reel"):
        (tmp_path / "in" / name).mkdir(parents=True)
    folder = Folder.model_validate({"input": tmp_path / "in", "output": tmp_path / "out", "original": original})
    events = FileEvents((folder,), lambda: None)
    events.start()
    (tmp_path / "in" / "reel").rename(tmp_path / "in" / target)
    end = time.monotonic() + TIMEOUT
    while tmp_path / "in" / target not in events.take():
        assert time.monotonic() < end, "the event has come"
        time.sleep(0.02)
    assert events.missed() == missed
    events.stop()


def test_hard_links_are_files_of_their_own(tmp_path: Path) -> None:
    """Breaks: the belief that a name has an inode of its own."""
    with finding(tmp_path / "in") as finder:
        one = drop(tmp_path / "outside.jpg")
        os.link(one, tmp_path / "in" / "a.jpg")
        os.link(one, tmp_path / "in" / "b.jpg")
        finder.finds(tmp_path / "in" / "a.jpg", tmp_path / "in" / "b.jpg")


STRANGE = [
    b"  spaces  .jpg",
    b"new\nline.jpg",
    b"-rf.jpg",
    b"--help",
    b"br\xfccke.jpg",
    b"\xff\xfe.jpg",
    b"$(reboot).jpg",
    b"'; DROP TABLE jobs; --.jpg",
    b"\x1b[2J\x07.jpg",
    b"[x]*?.jpg",
    "\N{RIGHT-TO-LEFT OVERRIDE}gpj.jpg".encode(),
    b"x" * 251 + b".jpg",
]


def test_the_strangest_names(tmp_path: Path) -> None:
    """Breaks: names, by every byte that a file system takes, at the greatest length."""
    with finding(tmp_path / "in") as finder:
        paths = []
        for name in STRANGE:
            with Path(os.fsdecode(bytes(tmp_path / "in") + b"/" + name)).open("w") as file:
                file.write("x")
            paths.append(tmp_path / "in" / os.fsdecode(name))
        finder.finds(*paths)


def test_a_path_that_is_too_long_to_be_asked_for(tmp_path: Path) -> None:
    """Breaks: the length of paths, by folders that were made from within each other. The others are found."""
    (tmp_path / "in").mkdir()
    here = os.open(tmp_path / "in", os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=here)
        inner = os.open("d" * 250, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
        os.close(os.open("x" * 250, os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)
    with finding(tmp_path / "in") as finder:
        late = drop(tmp_path / "in" / "a.jpg")
        finder.until(lambda: late in finder.known, "the file is found")
        finder.until(lambda: not finder.watcher.is_waiting(), "nothing is waited for")
        assert 1 < len(finder.found) < 21


def test_habits_of_those_who_copy(tmp_path: Path) -> None:
    """Breaks: the way of writing: rsync's hidden name and rename, scp's in place, SMB's full size before content."""
    inbox = tmp_path / "in"
    with finding(inbox, watching=WHILE_WRITTEN) as finder:
        drop(inbox / ".rsync.jpg.Xy12Za").rename(inbox / "rsync.jpg")
        with (inbox / "scp.jpg").open("w") as slow, (inbox / "smb.jpg").open("wb") as reserved:
            reserved.truncate(1000)
            for number in range(6):
                slow.write("part")
                slow.flush()
                reserved.seek(number * 100)
                reserved.write(b"part")
                reserved.flush()
                finder.turn()
                time.sleep(0.2)
                finder.turn()
                assert not {"scp.jpg", "smb.jpg"} & {path.name for path in finder.found}
        finder.finds(inbox / "rsync.jpg", inbox / "scp.jpg", inbox / "smb.jpg")


@pytest.mark.parametrize("method", ["events", "polling"])
def test_links_out_of_the_folder(tmp_path: Path, method: str) -> None:
    """Breaks: the border of the watched folder, by links to files, to folders and to the folder itself."""
    secret = drop(tmp_path / "secret" / "a.jpg")
    for links, expected in (("ignore", []), ("follow", ["album/a.jpg", "one.jpg"])):
        inbox = tmp_path / links
        with finding(inbox, {"links": links}, {"method": method}) as finder:
            (inbox / "one.jpg").symlink_to(secret)
            (inbox / "album").symlink_to(secret.parent)
            (inbox / "ring").symlink_to(inbox)
            own = drop(inbox / "own.jpg")
            finder.watcher.rescan()
            finder.finds(*(inbox / name for name in expected), own)


def test_a_new_link_is_followed_at_once(tmp_path: Path) -> None:
    """Breaks: the hour between two scans. A link to the folder itself shows no file twice."""
    found = drop(tmp_path / "elsewhere" / "a.jpg")
    with finding(tmp_path / "in", {"links": "follow"}) as finder:
        finder.finds(drop(tmp_path / "in" / "own.jpg"))
        (tmp_path / "in" / "ring").symlink_to(tmp_path / "in")
        (tmp_path / "in" / "album").symlink_to(found.parent)
        finder.finds(tmp_path / "in" / "own.jpg", tmp_path / "in" / "album" / "a.jpg")


def test_a_file_that_becomes_a_link_is_not_followed(tmp_path: Path) -> None:
    """Breaks: the time between finding a file and taking it in, and that between a new folder and the watch on it.

    A link to the folder above must not lead events of the watched folder astray.
    """
    secret = drop(tmp_path / "secret.jpg")
    with finding(tmp_path / "in", watching=WHILE_WRITTEN) as finder:
        for number in range(50):
            trap = drop(tmp_path / "in" / str(number) / "secret.jpg")
            finder.turn()
            trap.unlink()
            trap.parent.rmdir()
            trap.parent.symlink_to(secret.parent)
        own = drop(tmp_path / "in" / "own.jpg")
        finder.finds(own)


def test_a_folder_that_was_replaced_is_watched_again(tmp_path: Path) -> None:
    """Breaks: the watch on the folder itself, by taking the folder away and putting another in its place."""
    with finding(tmp_path / "in") as finder:
        (tmp_path / "in").rename(tmp_path / "gone")
        finder.turn()
        finder.turn()
        late = drop(tmp_path / "in" / "late.jpg")
        finder.finds(late)
        finder.finds(late, drop(tmp_path / "in" / "later.jpg"))


def test_a_folder_that_was_away_is_soon_watched_again(daemon: Daemon) -> None:
    """Breaks: the folder itself, by deleting it while nothing else wakes the service, and making it anew later."""
    daemon.settings["watching"] |= {"rescan_seconds": 3600, "poll_seconds": 0.5}
    daemon.start()
    write_grey(daemon.inbox / "a.png")
    daemon.wait_for(done=1)
    shutil.rmtree(daemon.inbox)
    daemon.wait_until(lambda: daemon.logged("file events are missing; folders are scanned instead"), "it is noticed")
    time.sleep(3)  # until the service rests
    daemon.inbox.mkdir()
    write_grey(daemon.inbox / "b.png", 40)
    daemon.wait_for(done=2)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_died_is_replaced(tmp_path: Path) -> None:
    """Breaks: watchdog's own thread, by an event at which it throws."""
    with finding(tmp_path / "in") as finder:
        events = finder.watcher._events  # noqa: SLF001 (to break it)
        assert events is not None
        observer = events._observer  # noqa: SLF001
        assert observer is not None
        observer.event_queue.put("no event")
        finder.until(lambda: events._observer is not observer, "it is replaced")  # noqa: SLF001
        finder.finds(drop(tmp_path / "in" / "a.jpg"))


def in_own_namespace(script: str) -> subprocess.CompletedProcess[str]:
    """Run a script where limits can be set that are nobody else's."""
    if subprocess.run(["unshare", "--user", "--map-root-user", "true"], check=False, capture_output=True).returncode:
        pytest.skip("user namespaces, which have limits of their own, cannot be made here")
    script = f"import sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r})\n{script}"
    confined = ["unshare", "--user", "--map-root-user", sys.executable, "-c", script]
    return subprocess.run(confined, capture_output=True, text=True, check=False, timeout=2 * TIMEOUT)


@contextmanager
def mounted(place: Path) -> Iterator[None]:
    """A file system of its own at a place."""
    place.mkdir(exist_ok=True)
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "tintd-test", place], check=False).returncode:
        pytest.skip("mounting needs root, and a system that allows it")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", place], check=False)


@pytest.mark.parametrize("method", ["events", "polling"])
def test_a_mount_that_goes_and_comes_back(tmp_path: Path, method: str) -> None:
    """Breaks: the watched folder's file system, by unmounting it and mounting another."""
    inbox = tmp_path / "in"
    with mounted(inbox), finding(inbox, watching={"method": method}) as finder:
        early = drop(inbox / "early.jpg")
        finder.finds(early)
        subprocess.run(["umount", "--lazy", inbox], check=True)
        finder.turn()
        with mounted(inbox):
            finder.turn()
            finder.finds(early, drop(inbox / "late.jpg"))


def test_watches_that_run_out(tmp_path: Path) -> None:
    """Breaks: the limit of inotify watches, so that folders inside the watched one get none and nothing says so."""
    result = in_own_namespace(f"""
from pathlib import Path
from tests.faults.test_detection import finding, drop
Path("/proc/sys/user/max_inotify_watches").write_text("5")
with finding(Path({str(tmp_path / "in")!r})) as finder:
    paths = [drop(Path({str(tmp_path / "in")!r}) / f"{{n}}" / "x.jpg") for n in range(20)]
    finder.watcher.rescan()
    finder.finds(*paths)
    finder.finds(*paths, *[drop(path.with_name("y.jpg")) for path in paths])
    finder.until(lambda: any(state.problem for state in finder.watcher.states()), "it is told")
""")
    assert result.returncode == 0, result.stderr
    assert "raise fs.inotify.max_user_watches" in result.stdout + result.stderr


def test_watches_that_run_out_before_the_last_folder(tmp_path: Path) -> None:
    """Breaks: the limit of inotify watches, for a watched folder itself. Trying again and again uses nothing up."""
    result = in_own_namespace(f"""
import os, threading
from pathlib import Path
from daemon.config.settings import Folder
from daemon.watch.file_events import FileEvents
Path("/proc/sys/user/max_inotify_watches").write_text("5")
root = Path({str(tmp_path)!r})
for number in range(20):
    (root / "1" / f"{{number}}").mkdir(parents=True)
(root / "2").mkdir()
events = FileEvents(tuple(Folder(input=root / name, output=root / "out") for name in "12"), lambda: None)
used = len(os.listdir("/proc/self/fd")), threading.active_count()
events.start()
for _ in range(10):
    events.check({{1}})
assert events.is_incomplete
events.stop()
assert (len(os.listdir("/proc/self/fd")), threading.active_count()) == used
""")
    assert result.returncode == 0, result.stderr
