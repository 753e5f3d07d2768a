"""Tests of daemon/files/exchange.py: a folder takes the name of another, and one of them has it at any moment."""

import shutil
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

from daemon.files.exchange import exchange, put_back
from daemon.jobs.workspace import prepare

EXCHANGE = """
import sys
from pathlib import Path
from daemon.files.exchange import exchange
exchange(*map(Path, sys.argv[1:]))
"""
UNABLE = ("-e", "inject=renameat2:error=EINVAL")
"""As the kernel answers on NFS and exFAT."""
STEPS = ("fsync", "rename", "renameat", "unlink", "unlinkat")
"""The calls that change the disk, or flush something to it."""


def results(folder: Path) -> tuple[Path, Path]:
    """A finished folder of frames in a work folder, and the earlier one."""
    for name in ("work/result-1", "reel.frames"):
        (folder / name).mkdir(parents=True)
        (folder / name / "1.png").write_text(name)
    return folder / "work" / "result-1", folder / "reel.frames"


def test_they_exchange_their_names(tmp_path: Path) -> None:
    """The earlier one lies where the finished one was, and so it is removed with the work folder."""
    finished, path = results(tmp_path)
    exchange(finished, path)
    assert (path / "1.png").read_text() == "work/result-1"
    assert (finished / "1.png").read_text() == "reel.frames"
    put_back(finished.parent)
    assert (path / "1.png").read_text() == "work/result-1"


def test_what_was_moved_is_put_back_into_a_folder_that_is_gone(tmp_path: Path) -> None:
    """Breaks: somebody removed the empty folder after the kill; the only copy went with the work folder."""
    finished, path = results(tmp_path)
    (finished.parent / "before").mkdir()
    (finished.parent / "before" / "1.png").write_text("older")
    (finished.parent / "before.path").write_bytes(bytes(tmp_path / "films" / "reel.frames"))
    put_back(finished.parent)
    assert (tmp_path / "films" / "reel.frames" / "1.png").read_text() == "older"
    put_back(finished.parent)
    assert sorted(path.name for path in finished.parent.iterdir()) == ["result-1"]
    assert (path / "1.png").read_text() == "reel.frames"


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize("unable", [(), UNABLE], ids=["at once", "in steps"])
def test_a_kill_at_any_call_loses_neither(tmp_path: Path, unable: tuple[str, ...]) -> None:
    """Breaks: between two renames, no folder had the name, and the next attempt removed the earlier one."""
    kills = 0
    for call in STEPS if unable else ("renameat2",):
        for number in count(1):
            finished, path = results(tmp_path / f"{call}-{number}")
            command = ["strace", "-f", "-qq", "-o", "/dev/null", *unable]
            command += ["-e", f"inject={call}:signal=KILL:when={number}", sys.executable, "-c", EXCHANGE]
            ended = subprocess.run([*command, finished, path], check=False)
            prepare(finished.parent)
            assert (path / "1.png").read_text() in {"work/result-1", "reel.frames"}
            if ended.returncode == 0:
                assert (path / "1.png").read_text() == "work/result-1"
                break
            kills += 1
    assert kills == (6 if unable else 1)


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_what_an_earlier_exchange_has_left_is_in_no_way(tmp_path: Path) -> None:
    """Breaks: it was killed when all but its note was done. No later result could have got its name."""
    finished, path = results(tmp_path)
    (finished.parent / "before").mkdir()
    (finished.parent / "before" / "1.png").write_text("older")
    command = ["strace", "-f", "-qq", "-o", "/dev/null", *UNABLE, sys.executable, "-c", EXCHANGE, finished, path]
    subprocess.run(command, check=True)
    assert (path / "1.png").read_text() == "work/result-1"


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize("harm", ["error=EIO", "signal=INT"])
def test_what_breaks_between_the_steps_leaves_a_result(tmp_path: Path, harm: str) -> None:
    """Breaks: the disk, or Ctrl-C, at each rename. The name stands for one of both, and the work folder can go."""
    for number in count(1):
        finished, path = results(tmp_path / str(number))
        command = ["strace", "-f", "-qq", "-o", "/dev/null", *UNABLE, "-e", f"inject=rename:{harm}:when={number}"]
        ended = subprocess.run([*command, sys.executable, "-c", EXCHANGE, finished, path], check=False)
        shutil.rmtree(finished.parent)
        assert (path / "1.png").read_text() in {"work/result-1", "reel.frames"}
        if ended.returncode == 0 and number > 3:
            break
