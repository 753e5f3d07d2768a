"""Tests of the wheel: what `make wheel` builds works without the repository."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.assets.pictures import write_grey
from tests.conftest import TIMEOUT

ROOT = Path(__file__).parents[1]


def clean_environment() -> dict[str, str]:
    """The environment without what would lead Python or make back to the repository."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "MAKEFLAGS", "MFLAGS")}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A virtual environment that holds the wheel alone, and borrows the libraries from the one that runs the tests."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(["make", "wheel", f"WHEELS={folder}"], cwd=ROOT, env=clean_environment(), check=True)
    environment = folder / "venv"
    venv.create(environment)
    python = environment / "bin" / "python"
    install = ["python3", "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*install, *folder.glob("tintd-*.whl")], cwd=folder, env=clean_environment(), check=True)
    libraries = [path for path in sys.path if Path(path).name == "site-packages"]
    own = next(environment.glob("lib/python*/site-packages"))
    (own / "borrowed.pth").write_text("\n".join(libraries))
    yield environment
    shutil.rmtree(folder)


def run(environment: Path, folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the installed command in a folder."""
    command = [environment / "bin" / "tintd", *arguments]
    return subprocess.run(
        command, cwd=folder, env=clean_environment(), capture_output=True, text=True, timeout=TIMEOUT, check=False
    )


def test_the_wheel_works_without_the_repository(installed: Path, tmp_path: Path) -> None:
    """`tintd colorize` and `tintd run` colour a photograph; weights, recipes and units are installed."""
    ended = run(installed, tmp_path, "colorize", ROOT / "demo" / "pictures" / "camera.jpg", "-o", "coloured")
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "coloured" / "camera.jpg").exists()

    (tmp_path / "inbox").mkdir()
    settings = {"folders": [{"input": "inbox", "output": "outbox"}], "watching": {"settle_seconds": 0.2}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(settings))
    write_grey(tmp_path / "inbox" / "b.png")
    command = [installed / "bin" / "tintd", "run"]
    with subprocess.Popen(command, cwd=tmp_path, env=clean_environment(), stderr=subprocess.PIPE) as service:
        end = time.monotonic() + TIMEOUT
        while not (tmp_path / "outbox" / "b.png").exists():
            assert service.poll() is None
            assert time.monotonic() < end
            time.sleep(0.2)
        service.send_signal(signal.SIGTERM)
        service.communicate(timeout=TIMEOUT)
        assert service.returncode == 0

    package = next(installed.glob("lib/python*/site-packages"))
    recipes = {path.name for path in (ROOT / "training" / "recipes").glob("*.yaml")}
    assert {path.name for path in (package / "training" / "recipes").glob("*.yaml")} == recipes
    units = {path.relative_to(ROOT) for path in (ROOT / "systemd").rglob("tintd.*")}
    assert all((installed / "share" / "tintd" / path).is_file() for path in (*units, "config.yaml"))


def test_a_foreign_package_of_the_same_name_is_named(tmp_path: Path) -> None:
    """Where another `daemon` (python-daemon, say) is found first, one sentence says so and what to do."""
    foreign = tmp_path / "daemon"
    foreign.mkdir()
    (foreign / "__init__.py").write_text("class DaemonContext: ...")
    command = [Path(sys.executable).parent / "tintd", "--version"]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr == (
        f"tintd: the Python package `daemon` is not tintd's own: the one at {foreign} is used. "
        "Install tintd into a virtual environment of its own.\n"
    )
