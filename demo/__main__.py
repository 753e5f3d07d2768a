"""`make demo`: the real service colours a few pictures and a clip, and shows them before and after."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from demo.clip import write_clip
from demo.sheet import write_sheet

PICTURES = Path(__file__).parent / "pictures"
TIMEOUT = 600
"""Seconds."""


def main() -> None:
    """Run the service on a temporary folder until all is done, then stop it."""
    folder = Path(tempfile.mkdtemp(prefix="tintd-demo-"))
    inbox, outbox, config = folder / "inbox", folder / "outbox", folder / "config.yaml"
    inbox.mkdir()
    settings = {"folders": [{"input": str(inbox), "output": str(outbox)}], "watching": {"settle_seconds": 1}}
    config.write_text(yaml.safe_dump(settings))
    service = subprocess.Popen([sys.executable, "-m", "daemon", "run", "--config", str(config)])
    try:
        originals = _drop(inbox, folder)
        _wait(service, config, len(originals))
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait(TIMEOUT)
    sheet = folder / "before-after.png"
    write_sheet([(original, outbox / original.name) for original in originals], sheet)
    print(f"\nThe results are in {outbox}\nBefore and after: {sheet}")  # noqa: T201 (it is for the person who runs it)


def _drop(inbox: Path, folder: Path) -> list[Path]:
    """Put the pictures and the clip into the watched folder."""
    for picture in sorted(PICTURES.glob("*.jpg")):
        shutil.copy(picture, inbox)
    write_clip(PICTURES / "rocket.jpg", folder / "clip.mp4")
    (folder / "clip.mp4").rename(inbox / "clip.mp4")
    return sorted(inbox.iterdir())


def _wait(service: subprocess.Popen[bytes], config: Path, files: int) -> None:
    end = time.monotonic() + TIMEOUT
    while _counts(config)["done"] < files:
        if service.poll() is not None:
            sys.exit("the service ended before all files were done")
        if time.monotonic() > end or _counts(config)["failed"]:
            sys.exit(f"not all files are done: see `tintd status --config {config}`")
        time.sleep(1)


def _counts(config: Path) -> dict[str, int]:
    command = [sys.executable, "-m", "daemon", "status", "--json", "--config", str(config)]
    counts: dict[str, int] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["counts"]
    return counts


if __name__ == "__main__":
    main()
