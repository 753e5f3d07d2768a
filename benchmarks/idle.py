"""What the service costs when nothing happens: its share of a core, wake-ups, memory; folders full and empty."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import yaml
from rich.console import Console
from rich.table import Table

from benchmarks.figures import Figure

_SECONDS = 60.0
_FULL = 2000
"""Files that lie, done, in the full folder; each rescan looks at all of them."""


class IdleCost(NamedTuple):
    """What an idle service takes."""

    share: float
    """Of a core, 0..1."""
    wakes: float
    """Each second."""
    memory: float
    """Resident, in MiB."""
    own_memory: float
    """Of it, without what is shared."""


def main() -> list[Figure]:
    """Print shares and memory, of the service process without its worker."""
    table = Table("watched folder", "share of a core", "wake-ups per s", "memory, MiB (without shared)")
    table.title = f"Idle for {_SECONDS:.0f} s, rescan every 300 s"
    costs = {"empty": _cost(0), f"{_FULL} files, skipped": _cost(_FULL)}
    for title, one in costs.items():
        memory = f"{one.memory:.0f} ({one.own_memory:.0f})"
        table.add_row(title, f"{one.share:.2%}", f"{one.wakes:.1f}", memory)
    table.caption = "targets: under 0.5 % of a core, under 80 MiB"
    Console().print(table)
    return [
        Figure("idle service, share of a core", 100 * max(one.share for one in costs.values()), "%", 0.5),
        Figure("idle service, memory", max(one.memory for one in costs.values()), "MiB", 80),
    ]


def _cost(files: int) -> IdleCost:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "inbox").mkdir()
        for number in range(files):
            (root / "inbox" / f"{number}.txt").write_text(str(number))
        settings = {"folders": [{"input": "inbox", "output": "outbox"}], "work": {"spare_mib": 1}}
        (root / "config.yaml").write_text(yaml.safe_dump(settings))
        command = [sys.executable, "-m", "daemon", "run", "-c", str(root / "config.yaml")]
        with (root / "log").open("w") as log, subprocess.Popen(command, stderr=log) as service:
            _wait_until_idle(root, files)
            before, woken = _ticks(service.pid), _wakes(service.pid)
            time.sleep(_SECONDS)
            share = (_ticks(service.pid) - before) / 100 / _SECONDS
            wakes = (_wakes(service.pid) - woken) / _SECONDS
            memory, own = _memory(service.pid)
            service.terminate()
    return IdleCost(share, wakes, memory, own)


def _wait_until_idle(root: Path, files: int) -> None:
    """Until the weights are loaded, and every file has been looked at."""
    while True:
        time.sleep(5)
        log = (root / "log").read_text()
        if '"ready"' in log and log.count('"skipped"') >= files:
            time.sleep(10)
            return


def _ticks(pid: int) -> int:
    """Hundredths of a second that a process has used (proc(5), stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _wakes(pid: int) -> int:
    """How often its threads have gone to sleep, and so have woken."""
    texts = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/status")]
    return sum(int(line.split()[1]) for text in texts for line in text.splitlines() if line.startswith("voluntary"))


def _memory(pid: int) -> tuple[float, float]:
    """Resident, and of it what is the process's own, in MiB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    sizes = {line.split()[0]: int(line.split()[1]) / 1024 for line in lines[1:]}
    return sizes["Rss:"], sizes["Private_Clean:"] + sizes["Private_Dirty:"]


if __name__ == "__main__":
    main()
