"""Results that are folders of frames, with the real service: published, replaced, found again, and linked."""

import shutil
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from tests.assets.sequences import write_frames, write_wav
from tests.conftest import Daemon

NAMES = [*(f"scan.{number:04}.tif" for number in range(4)), "scan.wav", "tintd.txt"]


def begin(daemon: Daemon, **folder: str) -> None:
    """Start a service whose sequences become frames again."""
    daemon.settings["folders"][0] |= {"sequences": 12, "film": {"sequences_as": "frames"}} | folder
    daemon.start()


def drop(daemon: Daemon, name: str = "reel", first: int = 0) -> Path:
    """Put a sequence of four frames and its sound into the watched folder."""
    made = write_frames(daemon.root / name, "scan.{:04}.tif", range(4), "gray16le")
    if first:
        write_frames(made, "scan.{:04}.tif", range(first, first + 1), "gray16le")
    write_wav(made / "scan.wav", 0.3)
    return made.rename(daemon.inbox / name)


def names_in(folder: Path) -> list[str]:
    """Names of the files in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_of_frames_is_a_result_like_others(daemon: Daemon) -> None:
    """It replaces its earlier version and a film of the same sequence; a foreign folder of its name stays."""
    begin(daemon, original="move")
    drop(daemon)
    daemon.wait_for(done=1)
    result = daemon.outbox / "reel" / "scan.frames"
    assert names_in(result) == NAMES
    daemon.wait_until((daemon.inbox / "done" / "reel" / "scan.0003.tif").exists, "the original has moved")
    before = result.stat().st_ino
    daemon.command("recolor", "*", "--yes")
    daemon.wait_until(lambda: result.exists() and result.stat().st_ino != before, "it was replaced")
    daemon.wait_for(done=1)
    assert names_in(result) == NAMES
    assert names_in(result.parent) == ["scan.frames"]

    daemon.settings["folders"][0]["film"] = {"sequences_as": "film"}
    daemon.reload()
    daemon.command("recolor", "*", "--yes")
    daemon.wait_until(lambda: not result.exists(), "the film has replaced the frames")
    daemon.wait_for(done=1)
    assert names_in(result.parent) == ["scan.mkv"]

    daemon.settings["folders"][0]["film"] = {"sequences_as": "frames"}
    daemon.reload(times=2)
    result.mkdir()
    (result / "mine.txt").write_text("a person's")
    daemon.command("recolor", "*", "--yes")
    daemon.wait_until(lambda: not (result.parent / "scan.mkv").exists(), "the frames have replaced the film")
    daemon.wait_for(done=1)
    assert names_in(result) == ["mine.txt"]
    assert names_in(result.parent / "scan (tif).frames") == NAMES


@pytest.mark.slow
def test_frames_that_a_person_has_changed_are_not_replaced(daemon: Daemon) -> None:
    """A retouched frame is a foreign file from then on."""
    begin(daemon)
    drop(daemon)
    daemon.wait_for(done=1)
    result = daemon.outbox / "reel" / "scan.frames"
    (result / "scan.0001.tif").write_bytes(b"retouched")
    daemon.command("recolor", "*", "--yes")
    other = result.with_name("scan (tif).frames")
    daemon.wait_until(other.exists, "it lies beside")
    daemon.wait_for(done=1)
    assert (result / "scan.0001.tif").read_bytes() == b"retouched"
    assert names_in(other) == NAMES


@pytest.mark.slow
def test_a_lost_journal_finds_frames_again(daemon: Daemon) -> None:
    """By the note in their folder; a folder without one is asked about."""
    begin(daemon)
    drop(daemon)
    drop(daemon, "two", first=4)
    daemon.wait_for(done=2)
    results = [daemon.outbox / name / "scan.frames" for name in ("reel", "two")]
    before = [result.stat().st_ino for result in results]
    (results[1] / "tintd.txt").unlink()
    daemon.stop(signal.SIGKILL)
    shutil.rmtree(daemon.root / "state")
    daemon.start()
    daemon.wait_for(done=1, skipped=1)
    assert [result.stat().st_ino for result in results] == before
    daemon.command("adopt", "two/*")
    daemon.wait_for(done=2)


@pytest.mark.slow
def test_a_copy_of_a_sequence_has_links_to_its_frames(daemon: Daemon) -> None:
    """With `duplicates: link`, in a folder of its own."""
    begin(daemon, duplicates="link")
    drop(daemon)
    daemon.wait_for(done=1)
    shutil.copytree(daemon.inbox / "reel", daemon.root / "again")
    (daemon.root / "again").rename(daemon.inbox / "again")
    daemon.wait_for(done=2)
    one, other = (daemon.outbox / name / "scan.frames" for name in ("reel", "again"))
    assert all((one / name).samefile(other / name) for name in NAMES)


@pytest.mark.slow
def test_a_kill_while_frames_are_written_leaves_no_half_folder(daemon: Daemon) -> None:
    """The folder has its name only when it is whole, and the frames that were written are not written again."""
    write_frames(daemon.root / "long", "{:04}.png", range(100), "gray").rename(daemon.inbox / "long")
    begin(daemon)
    result = daemon.outbox / "long.frames"
    daemon.wait_until(lambda: written_frames(daemon) or result.exists(), "a frame is written")
    daemon.stop(signal.SIGKILL)
    was_whole = result.exists()
    kept = {path.name: path.stat().st_ino for path in written_frames(daemon)}
    daemon.start()
    daemon.wait_for(done=1)
    assert names_in(result) == [*(f"{number:04}.png" for number in range(100)), "tintd.txt"]
    assert was_whole or kept
    assert all((result / name).stat().st_ino == inode for name, inode in kept.items())


def written_frames(daemon: Daemon) -> list[Path]:
    """The frames of a result that is not published yet."""
    with suppress(FileNotFoundError):  # it is being published
        return list(daemon.outbox.glob(".tintd-*/frames-*/0*.png"))
    return []


@pytest.mark.slow
def test_a_sequence_that_grows_while_it_is_coloured_is_coloured_anew(daemon: Daemon) -> None:
    """The worker notices, and no result of the earlier frames appears."""
    begin(daemon)
    folder = write_frames(daemon.root / "long", "{:04}.png", range(300), "gray").rename(daemon.inbox / "long")
    daemon.wait_until(lambda: daemon.status()["counts"]["running"], "it is coloured")
    write_frames(folder, "{:04}.png", range(300, 301), "gray")
    daemon.wait_for(done=1)
    assert len(names_in(daemon.outbox / "long.frames")) == 302
    assert [Path(line["output"]).name for line in daemon.logged("done")] == ["long.frames"]
    assert daemon.logged("changed or gone while it was coloured")
