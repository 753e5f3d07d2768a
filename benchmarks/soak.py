"""`make soak`: hours of mixed drops, random kills and faults against the real service; then nothing may be lost.

Prints its figures, as they stand in benchmarks/soak.md. Root is needed for the faults that unmount and fill disks.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import psutil
import yaml
from PIL import Image
from rich.console import Console
from rich.table import Table

from benchmarks.footage import write_grainy_film
from benchmarks.soak_result import count_faults

_PAUSE = 3.0
"""Seconds between two events, on average."""
_PATIENCE = 3600.0
"""Seconds for which the service may work on what is left at the end."""


class Soak:
    """The service, what was dropped into its folder, and what was done to it."""

    def __init__(self, root: Path, seed: int) -> None:
        self.root = root
        self.random = random.Random(seed)  # noqa: S311 (moments, not secrets)
        self.done: Counter[str] = Counter()
        self.expected: set[str] = set()
        """Names that must have a result, or a reason."""
        self.bad: set[str] = set()
        """Of these, those that cannot be coloured."""
        self.memory: list[float] = []
        self._number = 0
        self._service: subprocess.Popen[bytes] | None = None
        for name in ("inbox/a", "inbox/b", "outbox", "tmp"):
            (root / name).mkdir(parents=True, exist_ok=True)
        settings = {
            "folders": [{"input": "inbox", "output": "outbox"}],
            "film": {"speed": "ultrafast"},
            "watching": {"settle_seconds": 1, "patience_seconds": 2, "rescan_seconds": 10},
            "work": {"retry_seconds": 0.5, "attempts": 6, "grace_seconds": 1, "spare_mib": 1},
            "log": {"format": "json", "level": "warning"},
        }
        (root / "config.yaml").write_text(yaml.safe_dump(settings))
        self._film = write_grainy_film(root / "tmp" / "film.mp4", width=160, height=120, seconds=2)

    def start(self) -> None:
        """Start the service, or start it again."""
        with (self.root / "log").open("ab") as log:
            command = [sys.executable, "-m", "daemon", "run", "-c", str(self.root / "config.yaml")]
            self._service = subprocess.Popen(command, stderr=log, start_new_session=True)

    def run(self, seconds: float) -> None:
        """Drop and break things at random."""
        events: list[tuple[int, Callable[[], None]]] = [
            (60, self._drop_photo),
            (12, self._drop_film),
            (5, self._drop_broken),
            (5, self._drop_slowly),
            (4, self._replace),
            (4, self._move),
            (4, self._kill_service),
            (3, self._kill_worker),
            (2, self._kill_all),
            (1, self._stop_politely),
            (1, self._clutter),
            (1, self._fill_disk),
        ]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            event = self.random.choices([action for _, action in events], [weight for weight, _ in events])[0]
            event()
            self.done[event.__name__.strip("_").replace("_", " ")] += 1
            time.sleep(self.random.expovariate(1 / _PAUSE))
            self._tend()

    def finish(self) -> None:
        """Let the service work off what is left, and stop it."""
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end and not self._is_settled():
            time.sleep(2)
            self._tend()
        if self._service is not None:
            self._service.send_signal(signal.SIGTERM)
            self._service.wait()

    def _new(self, suffix: str) -> Path:
        """A name that has not been."""
        self._number += 1
        return self.root / "inbox" / self.random.choice("ab") / f"{self._number:06}{suffix}"

    def _expect(self, path: Path) -> None:
        self.expected.add(str(path.relative_to(self.root / "inbox")))

    def _drop_photo(self) -> None:
        path = self._new(self.random.choice([".jpg", ".png", ".tif", ".webp"]))
        self._picture().save(path)
        self._expect(path)

    def _drop_film(self) -> None:
        """By a copy beside it and a rename; each is a little different, so that none is taken for another."""
        path = self._new(".mp4")
        shutil.copy(self._film, self.root / "tmp" / "next")
        with (self.root / "tmp" / "next").open("ab") as file:
            file.write(_free_box(self._number))
        (self.root / "tmp" / "next").rename(path)
        self._expect(path)

    def _drop_broken(self) -> None:
        path = self._new(".jpg")
        path.write_bytes(b"\xff\xd8\xff\xe0" + self.random.randbytes(500))
        self._expect(path)
        self.bad.add(str(path.relative_to(self.root / "inbox")))

    def _drop_slowly(self) -> None:
        path = self._new(".png")
        whole = self.root / "tmp" / "whole.png"
        self._picture().save(whole)
        content = whole.read_bytes()
        with path.open("wb") as file:
            for start in range(0, len(content), len(content) // 4 + 1):
                file.write(content[start : start + len(content) // 4 + 1])
                file.flush()
                time.sleep(0.5)
        self._expect(path)

    def _some(self) -> Path | None:
        """A good photograph that was dropped before."""
        names = sorted(name for name in self.expected - self.bad if not name.endswith(".mp4"))
        return self.root / "inbox" / self.random.choice(names) if names else None

    def _replace(self) -> None:
        path = self._some()
        if path is not None:
            self._picture().save(self.root / "tmp" / path.name)
            (self.root / "tmp" / path.name).rename(path)

    def _move(self) -> None:
        path = self._some()
        if path is not None:
            there = self._new(path.suffix)
            path.rename(there)
            self.expected.discard(str(path.relative_to(self.root / "inbox")))
            self._expect(there)

    def _kill_service(self) -> None:
        if self._service is not None:
            self._service.kill()
            self._service.wait()

    def _workers(self) -> list[psutil.Process]:
        found: list[psutil.Process] = []
        with suppress(psutil.Error):
            if self._service is not None:
                found = psutil.Process(self._service.pid).children(recursive=True)
        return found

    def _kill_worker(self) -> None:
        for process in self._workers():
            with suppress(psutil.Error):
                process.kill()

    def _kill_all(self) -> None:
        if self._service is not None and self._service.poll() is None:
            os.killpg(self._service.pid, signal.SIGKILL)
            self._service.wait()

    def _stop_politely(self) -> None:
        if self._service is not None and self._service.poll() is None:
            self._service.terminate()
            self._service.wait()

    def _clutter(self) -> None:
        """A thousand empty files that nobody wants, come and gone."""
        for number in range(1000):
            (self.root / "inbox" / f"{number}.tmp").touch()
        for number in range(1000):
            (self.root / "inbox" / f"{number}.tmp").unlink()

    def _fill_disk(self) -> None:
        """The disk of results is full for a while, where it is a disk of its own (with root it is)."""
        if not os.path.ismount(self.root / "outbox"):
            return
        filler = self.root / "outbox" / ".filler"
        with filler.open("wb") as file, suppress(OSError):
            os.posix_fallocate(file.fileno(), 0, max(1, shutil.disk_usage(self.root / "outbox").free - 8192))
        time.sleep(5)
        filler.unlink()

    def _picture(self) -> Image.Image:
        """A grey picture like no other."""
        size = (self.random.randrange(40, 200), self.random.randrange(40, 200))
        return Image.frombytes("L", size, self.random.randbytes(size[0] * size[1]))

    def _tend(self) -> None:
        """Start what has died, and take note of the service's memory."""
        if self._service is None or self._service.poll() is not None:
            self.start()
        elif (self.root / "state" / "journal.sqlite3").exists():
            with suppress(psutil.Error):
                self.memory.append(psutil.Process(self._service.pid).memory_info().rss / (1 << 20))

    def _is_settled(self) -> bool:
        """Whether every file that was dropped has come to its end."""
        with closing(sqlite3.connect(self.root / "state" / "journal.sqlite3", timeout=30)) as database:
            rows = database.execute(
                "SELECT path FROM jobs WHERE NOT superseded AND state NOT IN ('waiting', 'held', 'running')"
            )
            ended = {os.fsdecode(path) for (path,) in rows}
            waiting = database.execute(
                "SELECT count(*) FROM jobs WHERE NOT superseded AND state IN ('waiting', 'held', 'running')"
            )
            return self.expected <= ended and waiting.fetchone()[0] == 0


def main() -> None:
    """Soak, and print the figures; exits with 1 if anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "outbox").mkdir()
        mounting = ["mount", "-t", "tmpfs", "-o", "size=1g", "tintd-soak", str(root / "outbox")]
        mounted = os.geteuid() == 0 and subprocess.run(mounting, check=False).returncode == 0
        try:
            sys.exit(_soak(root, options.minutes * 60, options.seed))
        finally:
            if mounted:
                subprocess.run(["umount", "--lazy", str(root / "outbox")], check=False)


def _soak(root: Path, seconds: float, seed: int) -> int:
    soak = Soak(root, seed)
    soak.start()
    soak.run(seconds)
    soak.finish()
    verdict = count_faults(root, soak.expected, soak.bad)
    table = Table("what", "how many")
    table.title = f"Soak of {seconds / 60:.0f} minutes, seed {seed}"
    for what, number in (*sorted(soak.done.items()), *verdict.items()):
        table.add_row(what, str(number))
    tenth = max(1, len(soak.memory) // 10)
    for when, values in (("first", soak.memory[:tenth]), ("last", soak.memory[-tenth:])):
        table.add_row(f"memory of the service, MiB, {when} tenth", f"{sum(values) / max(1, len(values)):.0f}")
    Console().print(table)
    return int(any(number for what, number in verdict.items() if what != "good files at the end"))


def _free_box(number: int) -> bytes:
    """A box that MP4 readers skip, of other content each time."""
    return (16).to_bytes(4, "big") + b"free" + number.to_bytes(8, "big")


if __name__ == "__main__":
    main()
