"""Promise 2, power loss: the order of the calls that reach the disk, and every state that a cut between them can leave.

As the ALICE study of crash consistency did it: the calls of one job are recorded (strace); at each of them the service
is killed, what had not been flushed by then is taken away, and the service is started on what is left. The journal is
left as it is: SQLite keeps its own promise (synchronous=FULL).
"""

from __future__ import annotations

import gc
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest

from daemon.control.control_socket import ask
from tests.assets.pictures import write_grey
from tests.faults.conftest import Service, assert_in_order, service_in
from tests.fork_server import ForkServer

CALLS = "fsync,fdatasync,link,linkat,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir"
FOLDERS = ("inbox", "outbox", "state")

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")


RESULT = "/result-[0-9a-f]+"
"""The result of an attempt, in a work folder."""


@dataclass(frozen=True)
class Call:
    """A call that changed the disk, or flushed something to it."""

    name: str
    paths: tuple[Path, ...]
    well: bool


@contextmanager
def traced(service: Service, *options: str, others: Sequence[int] = ()) -> Iterator[Path]:
    """Record the calls of the service's main thread, and of other processes."""
    record = service.root / "record"
    command = ["strace", "-y", "-s", "4096", "-e", f"trace={CALLS}", *options, "-o", record]
    for pid in (service.pid, *others):
        command += ["-p", str(pid)]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as strace:
        assert strace.stderr is not None
        for line in islice(strace.stderr, 1 + len(others)):
            if b"attached" not in line:
                strace.kill()
                pytest.skip(f"strace may not attach here: {line.decode()}")
        try:
            yield record
        finally:
            strace.send_signal(signal.SIGINT)


def calls_of(record: Path) -> list[Call]:
    """The calls, those that failed too."""
    calls: list[Call] = []
    begun: dict[str, str] = {}
    for told in record.read_text().splitlines():
        process, line = re.fullmatch(r"(\d* *)(.*)", told).groups()  # type: ignore[union-attr] # it always matches
        if line.endswith("<unfinished ...>"):  # another's call comes between; it counts when it returns
            begun[process] = line.removesuffix("<unfinished ...>").rstrip()
            continue
        line = re.sub(r"<\.\.\. \w+ resumed>", lambda _: begun.pop(process, ""), line)  # noqa: B023 (called at once)
        found = re.match(r"(\w+)\((.*)\) += (-?\d+|\?)", line)
        if found:
            paths = [Path(a or b) for a, b in re.findall(r'\d+<([^>]+)>|"([^"]+)"', found[2])]
            calls.append(Call(found[1], tuple(paths), well=found[3] == "0"))
    return calls


def prepared(service: Service, *names: str) -> list[Path]:
    """A started service whose originals move, and originals that have not been dropped yet."""
    service.settings["folders"][0]["original"] = "move"
    service.start()
    service.until(lambda: '"ready"' in service.log(), "it is ready")
    return [write_grey(service.root / name, 48, 64 + 8 * number) for number, name in enumerate(names)]


def drop(service: Service, originals: Sequence[Path]) -> None:
    """All of them at once."""
    for original in originals:
        original.rename(service.inbox / original.name)


def recorded(service: Service, *names: str, with_worker: bool = False) -> list[Call]:
    """The service's calls of jobs from their beginning to their end, and its worker's."""
    originals = prepared(service, *names)
    with traced(service, others=worker_of(service) if with_worker else ()) as record:
        drop(service, originals)
        service.until(lambda: is_over(service, *names), "the jobs are over")
    service.signal(signal.SIGTERM)
    return calls_of(record)


def worker_of(service: Service) -> list[int]:
    """The process that flushes the result."""

    def workers() -> list[int]:
        told = ask(service.root / "state" / "control", "status")
        assert told is not None
        return [int(worker["worker"].split()[0]) for worker in told["service"]["workers"]]

    service.until(workers, "the status has a worker")  # it may be of the moment before the service was ready
    return workers()


def place(calls: list[Call], name: str, *ends: str) -> int:
    """Where a call on such paths stands; `ends` are patterns of their last parts."""
    return next(
        number
        for number, call in enumerate(calls)
        if call.well
        and call.name.startswith(name)
        and all(re.search(f"{end}$", str(path)) for path, end in zip(call.paths, ends, strict=False))
    )


def test_the_order_of_the_calls(service: Service) -> None:
    """Breaks nothing: content is flushed, then named, then the name is flushed, and only then the journal says done."""
    calls = recorded(service, "a.png", with_worker=True)
    flushed = place(calls, "fsync", RESULT)
    named = place(calls, "link", RESULT, "/outbox/a.png")
    name_flushed = named + 1 + place(calls[named + 1 :], "fsync", "/outbox")
    committed = name_flushed + place(calls[name_flushed:], "fdatasync", "journal.sqlite3-wal")
    announced = flushed + place(calls[flushed:], "fdatasync", "journal.sqlite3-wal")
    assert flushed < announced < named < name_flushed < committed
    moved = place(calls, "link", "/inbox/a.png", "/done/a.png")
    move_flushed = moved + place(calls[moved:], "fsync", "/done")
    left = moved + place(calls[moved:], "unlink", "/inbox/a.png")
    left_flushed = left + place(calls[left:], "fsync", "/inbox")
    relocated = left_flushed + place(calls[left_flushed:], "fdatasync", "journal.sqlite3-wal")
    assert committed < moved < move_flushed < left < left_flushed < relocated


def test_a_look_into_a_journal_leaves_its_files(service: Service) -> None:
    """The WAL of a service that is killed is still there when the test copies it."""
    state = service.root / "state"
    opened = f"from daemon.journal.journal import Journal; journal = Journal(Path({str(state)!r}))"
    subprocess.run([sys.executable, "-c", f"import os; from pathlib import Path; {opened}; os._exit(0)"], check=True)
    files = sorted(state.iterdir())
    assert {state / "journal.sqlite3-wal"} < set(files)
    assert service.counts() == {}
    gc.collect()
    assert sorted(state.iterdir()) == files


def take_away(service: Service, calls: list[Call], *, removals: bool) -> None:
    """Take from the disk what had not been flushed; an original's old name comes back with `removals`."""
    for number, call in reversed(list(enumerate(calls))):
        flushed = {path for later in calls[number:] if later.name == "fsync" and later.well for path in later.paths}
        target = call.paths[-1]
        if not call.well or target.parent in flushed or service.root / "state" in target.parents:
            continue
        if call.name.startswith(("link", "rename")):
            target.unlink(missing_ok=True)
        elif call.name.startswith("mkdir") and target.exists():
            shutil.rmtree(target)
        elif call.name.startswith("unlink") and removals and target.parent == service.inbox:
            os.link(service.inbox / "done" / target.name, target)


def copy(root: Path, there: Path) -> None:
    """Copy what the service has; originals and results by links, for a name's inode says which file it is."""
    shutil.copytree(root / "state", there / "state", ignore=shutil.ignore_patterns("control"))  # a socket
    for folder in ("inbox", "outbox"):
        shutil.copytree(root / folder, there / folder, copy_function=os.link)


def have_moved(service: Service, *names: str) -> bool:
    """Whether the originals moved, and the journal knows it."""
    known = {path for (path,) in service.rows("SELECT path FROM jobs WHERE NOT superseded")}
    lying = sorted(service.inbox.rglob("*.png"))
    return lying == [service.inbox / "done" / name for name in names] and known == {
        f"done/{name}".encode() for name in names
    }


def is_over(service: Service, *names: str) -> bool:
    """Whether the originals moved, the journal knows it, and nothing is left to be removed."""
    return have_moved(service, *names) and not service.leftovers()


def cut(service: Service, calls: list[Call], at: int, *names: str) -> None:
    """Cut the power as one of the recorded calls begins, or a moment after the last, where these jobs make fewer.

    All is well afterwards, whatever reached the disk.
    """
    name = calls[at].name
    when = sum(call.name == name for call in calls[: at + 1])
    originals = prepared(service, *names)
    contents = [original.read_bytes() for original in originals]
    with traced(service, "-e", f"inject={name}:signal=SIGKILL:when={when}") as record:
        drop(service, originals)
        ended = "it was cut, or done"
        service.until(lambda: not service.is_alive() or is_over(service, *names), ended, of_the_living=False)
        if service.is_alive():
            service.signal(signal.SIGKILL)
    calls = calls_of(record)
    copy(service.root, service.root / "at-cut")
    for removals in (False, True):
        for folder in FOLDERS:
            shutil.rmtree(service.root / folder)
        copy(service.root / "at-cut", service.root)
        take_away(service, calls, removals=removals)
        (service.root / "log").unlink()
        service.start()
        service.until(lambda: '"ready"' in service.log(), "it has taken up what was left")
        service.finish(done=len(names))
        service.until(lambda: have_moved(service, *names), "they moved, and the journal knows it")
        service.signal(signal.SIGTERM)
        assert [(service.inbox / "done" / name).read_bytes() for name in names] == contents
        assert sorted(path.name for path in service.outbox.iterdir()) == list(names)
        assert_in_order(service)


@pytest.fixture(scope="module")
def one_job(tmp_path_factory: pytest.TempPathFactory, weights: Path, fork_server: ForkServer) -> list[Call]:
    """The service's calls of one job, recorded once: each job makes the same ones."""
    with service_in(tmp_path_factory.mktemp("recorded"), weights, fork_server) as service:
        return recorded(service, "a.png")


SHARPEST = {
    "a result gets its name": (("link", RESULT, "/outbox/a.png"),),
    "its name is flushed": (("fsync", "/outbox"),),
    "an original's old name goes": (("unlink", "/inbox/a.png"),),
    "that is flushed": (("unlink", "/inbox/a.png"), ("fsync", "/inbox")),
    "the journal learns of it": (("unlink", "/inbox/a.png"), ("fdatasync", "journal.sqlite3-wal")),
}
"""Points, each as the calls on the way to it, one after the other."""


@pytest.mark.parametrize("point", SHARPEST)
def test_a_power_cut_at_the_sharpest_points(service: Service, one_job: list[Call], point: str) -> None:
    """Breaks: the power, between naming a result and flushing the name, and on an original's way to its new place."""
    at = 0
    for name, *ends in SHARPEST[point]:
        at += place(one_job[at:], name, *ends)
    cut(service, one_job, at, "a.png")


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("names", [("a.png",), ("a.png", "b.png", "c.png")], ids=["one job", "jobs that end together"])
def test_a_power_cut_at_every_point(service: Service, names: tuple[str, ...]) -> None:
    """Breaks: the power, at each call of the jobs, one after the other."""
    calls = recorded(service, *names)
    for at in range(len(calls)):
        reset(service)
        cut(service, calls, at, *names)


def reset(service: Service) -> None:
    """As if nothing had been."""
    for folder in (*FOLDERS, "at-cut"):
        shutil.rmtree(service.root / folder, ignore_errors=True)
    (service.root / "log").unlink()
    service.inbox.mkdir()
