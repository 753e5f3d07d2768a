"""How fast the page's lists are with a hundred thousand files: `python -m benchmarks.web`."""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path

import httpx

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
    "as JSON": "/api/v1/jobs?limit=100&q=77777",
}


def main(files: int = 100_000, times: int = 9) -> list[Figure]:
    """Print the time of each list."""
    with tempfile.TemporaryDirectory() as place:
        taken = measure(Path(place), files, times)
    for name, seconds in taken.items():
        print(f"{name:<16} {1000 * seconds:6.1f} ms")
    slowest = max(taken, key=taken.__getitem__)
    return [Figure(f"slowest list of the web page ({slowest}), {files} files", 1000 * taken[slowest], "ms")]


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
    """Enter files that are done into the journal; none of them exists."""
    folder = os.fsencode(config.folders[0].input)
    with closing(Journal(config.state)) as journal, journal.together():
        journal.database.executemany(
            "INSERT INTO jobs (folder, path, name, size, mtime_ns, inode, fingerprint, film, found, seen, state, due,"
            " ended, output, notes) VALUES (?, ?, ?, 1, 1, ?, ?, 0, 0, 0, 'done', 0, ?, ?, '[]')",
            (
                (folder, path, path.rpartition(b"/")[2], number, f"{number}", float(number), folder + b"/" + path)
                for number in range(files)
                for path in [b"Album %d/picture %d.jpg" % (number // 100, number)]
            ),
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=9)
    main(**vars(parser.parse_args()))
