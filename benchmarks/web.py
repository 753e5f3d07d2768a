"""How fast the page is with a hundred thousand files, and what its process costs: `python -m benchmarks.web`."""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import httpx
import psutil

from benchmarks.figures import Figure
from daemon.config.settings import Config, Folder
from daemon.journal.journal import Journal
from daemon.web.app import make_app
from daemon.web.site.credentials import open_credentials

PLACES = {
    "first page": "/done",
    "in the middle": "/done?after=50000.0-50000",
    "last page": "/done?after=40.0-40",
    "found often": "/done?q=picture",
    "found once": "/done?q=picture+77777",
    "found nowhere": "/done?q=nothing+like+it",
    "one day": "/done?from=1970-01-01&to=1970-01-02",
    "one folder": "/done?folder=/nowhere",
    "now": "/",
    "failed": "/failed",
    "one state": "/done?state=waiting",
    "skipped": "/failed?state=skipped",
    "one file": "/jobs/50001",
    "as JSON": "/api/v1/jobs?limit=100&q=77777",
}
STARTS = 3
"""Starts of which the median counts."""


def main(files: int = 100_000, times: int = 9) -> list[Figure]:
    """Print the time of each list."""
    with tempfile.TemporaryDirectory() as place:
        taken = measure(Path(place), files, times)
    for name, seconds in taken.items():
        print(f"{name:<16} {1000 * seconds:6.1f} ms")
    slowest = max(taken, key=taken.__getitem__)
    with tempfile.TemporaryDirectory() as place:
        seconds, memory = start_page(Path(place))
    delays = {}
    for address in ("off", "127.0.0.1:0"):
        with tempfile.TemporaryDirectory() as place:
            delays[address] = statistics.median(start_service(Path(place), address) for _ in range(STARTS))
    print(f"page's process   {1000 * seconds:6.0f} ms to its first page, {memory:.0f} MiB of its own")
    print(f"service ready    {delays['off']:6.2f} s without a page, {delays['127.0.0.1:0']:.2f} s with one")
    return [
        Figure(f"slowest list of the web page ({slowest}), {files} files", 1000 * taken[slowest], "ms", 100),
        Figure("start of the web page, to its first page", seconds, "s"),
        Figure("memory of the web page", memory, "MiB"),
        Figure("start of the service with the page, against without", delays["127.0.0.1:0"] / delays["off"], "times"),
    ]


def start_page(root: Path) -> tuple[float, float]:
    """Start `tintd web`; returns the seconds to its first page, and its own memory then, in MiB."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    path = _configure(root, f"127.0.0.1:{port}")
    Journal(root / "state").close()
    begun = time.perf_counter()
    with subprocess.Popen([sys.executable, "-m", "daemon", "web", "-c", str(path)], stderr=subprocess.DEVNULL) as page:
        while not _answers(f"http://127.0.0.1:{port}/healthz"):
            time.sleep(0.01)
        token = (root / "state" / "web" / "token").read_text()
        httpx.get(f"http://127.0.0.1:{port}/", headers={"Authorization": f"Bearer {token}"}).raise_for_status()
        seconds, memory = time.perf_counter() - begun, psutil.Process(page.pid).memory_full_info().uss
        page.terminate()
    return seconds, memory / (1 << 20)


def start_service(root: Path, address: str) -> float:
    """The seconds from the start of a service to its readiness."""
    begun, path = time.perf_counter(), _configure(root, address)
    command = [sys.executable, "-m", "daemon", "run", "-c", str(path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as service:
        for line in service.stderr or ():
            if '"ready"' in line:
                seconds = time.perf_counter() - begun
                service.terminate()
    return seconds


def _configure(root: Path, address: str) -> Path:
    """A configuration whose log is for programs, in a folder that it names."""
    path = root / "config.yaml"
    (root / "in").mkdir(exist_ok=True)
    log, web = "log: {format: json}", f'web: {{address: "{address}"}}'
    path.write_text(f"folders: [{{input: in, output: out}}]\nstate: state\n{web}\n{log}\n")
    return path


def _answers(address: str) -> bool:
    try:
        return httpx.get(address).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def measure(root: Path, files: int, times: int) -> dict[str, float]:
    """The median time of each list, in seconds, from the request to the whole answer."""
    config = Config(folders=(Folder(input=root / "in", output=root / "out"),), state=root / "state")
    fill(config, files)
    credentials = open_credentials(config)
    app = make_app(config, root / "config.yaml", credentials)
    return asyncio.run(_measure(app, credentials.token, times))


async def _measure(app: object, token: str, times: int) -> dict[str, float]:
    headers = {"Authorization": f"Bearer {token}"}
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
    taken: dict[str, float] = {}
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as browser:
        for name, path in PLACES.items():
            each = []
            for _ in range(times):
                begun = time.perf_counter()
                answer = await browser.get(path)
                each.append(time.perf_counter() - begun)
                answer.raise_for_status()
            taken[name] = statistics.median(each)
    return taken


def fill(config: Config, files: int) -> None:
    """Enter files into the journal: nine of ten are done, the others wait, have failed or were skipped; none exists."""
    folder = os.fsencode(config.folders[0].input)
    with closing(Journal(config.state)) as journal, journal.together():
        journal.database.executemany(
            "INSERT INTO jobs (folder, path, name, size, mtime_ns, inode, fingerprint, film, found, seen, state, due,"
            " ended, output, notes) VALUES (?, ?, ?, 1, 1, ?, ?, 0, 0, 0, ?, ?, ?, ?, '[]')",
            (_row(folder, number) for number in range(files)),
        )
        journal.database.execute(
            "INSERT INTO attempts (job, number, begun, ended, worker, outcome)"
            " SELECT id, 1, ended - 1, ended, '7 (cpu)', state FROM jobs WHERE ended IS NOT NULL"
        )


def _row(folder: bytes, number: int) -> tuple[object, ...]:
    path, when = b"Album %d/picture %d.jpg" % (number // 100, number), float(number)
    state = {7: "waiting", 8: "failed", 9: "skipped"}.get(number % 30, "done")
    ended, output = (None if state == "waiting" else when), (folder + b"/" + path if state == "done" else None)
    return folder, path, path.rpartition(b"/")[2], number, f"{number}", state, when, ended, output


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=9)
    main(**vars(parser.parse_args()))
