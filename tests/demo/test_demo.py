"""Tests of demo/: `make demo` colours its pictures and its clip."""

import os
import subprocess
import sys
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[2]


def test_the_demo_colours_everything_and_shows_it(tmp_path: Path) -> None:
    """Each picture and the clip have a result, and one picture shows them before and after."""
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    ended = subprocess.run([sys.executable, "-m", "demo"], cwd=ROOT, env=environment, check=True, capture_output=True)
    sheet = next(tmp_path.glob("tintd-demo-*/before-after.png"))
    assert str(sheet) in ended.stdout.decode()
    results = {path.name for path in (sheet.parent / "outbox").iterdir()}
    assert results == {path.name for path in (ROOT / "demo" / "pictures").glob("*.jpg")} | {"clip.mp4"}
    with Image.open(sheet) as picture:
        picture.load()
