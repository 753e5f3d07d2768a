"""Tests of daemon/service.py and daemon/jobs/dispatcher.py: the real service, real files, real crashes."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from daemon.journal.reader import NAME
from tests.assets.films import ENDLESS, LONG, Film, write_film
from tests.assets.pictures import encoded, write_cut, write_grey
from tests.assets.tones import coloured, sepia, toned
from tests.conftest import TIMEOUT, Daemon
from tests.fork_server import has_ended


def has_colour(path: Path) -> bool:
    """Whether a picture is more than grey."""
    with Image.open(path) as image:
        return bool(np.ptp(np.asarray(image.convert("RGB"), int), axis=2).max() > 10)


def test_what_is_dropped_appears_in_colour(tintd: Daemon) -> None:
    """Photographs and films, there before the start or dropped later, in the same sub-folders."""
    write_grey(tintd.inbox / "early.jpg")
    tintd.start()
    (tintd.inbox / "1936").mkdir()
    write_grey(tintd.inbox / "1936" / "late.png")
    tintd.drop_film("film.mp4", Film(sounds=("aac",)))
    tintd.wait_for(done=3)
    assert has_colour(tintd.outbox / "early.jpg")
    assert has_colour(tintd.outbox / "1936" / "late.png")
    assert (tintd.outbox / "film.mp4").stat().st_mtime == (tintd.inbox / "film.mp4").stat().st_mtime
    assert tintd.leftovers() == []
    assert tintd.stop() == 0


def test_a_folder_that_does_not_exist_is_waited_for(daemon: Daemon) -> None:
    """Its name may be mistyped, so it is not made, and the log warns; once it is there, its files are found."""
    daemon.settings["folders"] = [{"input": "scans", "output": "outbox"}]
    daemon.settings["watching"]["poll_seconds"] = 0.5
    daemon.start()
    [warning] = daemon.logged("input folder does not exist; tintd waits for it")
    assert warning["folder"] == str(daemon.root / "scans")
    assert not (daemon.root / "scans").exists()
    (daemon.root / "scans").mkdir()
    write_grey(daemon.root / "scans" / "a.png")
    daemon.wait_for(done=1)


def test_a_bad_file_hurts_only_itself(daemon: Daemon) -> None:
    """It is tried again, then failed with a reason that a note repeats; no photo is skipped; the rest is done."""
    daemon.start()
    write_cut(daemon.inbox / "cut.jpg", 800)
    (daemon.inbox / "letter.pdf").write_bytes(b"%PDF-1.4")
    write_grey(daemon.inbox / "good.png")
    daemon.wait_for(done=1, failed=1, skipped=1)
    files = {Path(file["file"]).name: file for file in daemon.status()["files"]}
    assert files["cut.jpg"]["attempts"] == 3
    assert "ends too early" in files["cut.jpg"]["reason"]
    assert "PDF" in files["letter.pdf"]["reason"]
    assert "ends too early" in (daemon.outbox / "cut.jpg.failed.txt").read_text()
    assert sorted(path.name for path in daemon.outbox.iterdir()) == [
        "cut.jpg.failed.txt",
        "good.png",
        "letter.pdf.skipped.txt",
    ]
    assert "PDF" in (daemon.outbox / "letter.pdf.skipped.txt").read_text()


def test_the_first_bytes_of_a_scan_do_not_end_the_service(daemon: Daemon) -> None:
    """They end too early; what lies beside them is done."""
    daemon.settings["work"]["attempts"] = 1
    (daemon.inbox / "scan.tif").write_bytes(b"II*\0")
    write_grey(daemon.inbox / "good.png")
    daemon.start()
    daemon.wait_for(done=1, failed=1)
    [failed] = [file for file in daemon.status()["files"] if file["state"] == "failed"]
    assert "scan.tif: the picture ends too early" in failed["reason"]


def test_what_is_in_colour_already_is_skipped(daemon: Daemon) -> None:
    """With the reason, and nothing published; a folder that is said to be grey gets it coloured anew."""
    daemon.settings["folders"].append({"input": "grey", "make": True, "output": "anew", "detection": {"input": "grey"}})
    (daemon.root / "grey").mkdir()
    for place in (daemon.inbox, daemon.root / "grey"):
        Image.fromarray(coloured("coffee")).save(place / "coffee.jpg")
    Image.fromarray(toned(sepia)).save(daemon.inbox / "sepia.jpg")
    daemon.start()
    daemon.wait_for(done=2, skipped=1)
    [skipped] = [file for file in daemon.status()["files"] if file["state"] == "skipped"]
    assert skipped["reason"] == "coffee.jpg: already in colour"
    assert sorted(path.name for path in daemon.outbox.iterdir()) == ["coffee.jpg.skipped.txt", "sepia.jpg"]
    assert [path.name for path in (daemon.root / "anew").iterdir()] == ["coffee.jpg"]


def test_a_mended_file_is_done_and_its_note_goes(daemon: Daemon) -> None:
    """New content under the old name is a new job."""
    daemon.start()
    write_cut(daemon.inbox / "a.jpg", 800)
    daemon.wait_for(failed=1)
    (daemon.inbox / "a.jpg").write_bytes(encoded(".jpg"))
    daemon.wait_for(done=1, failed=0)
    assert not (daemon.outbox / "a.jpg.failed.txt").exists()


def test_retry_gives_a_failed_file_another_chance(daemon: Daemon) -> None:
    """Without a restart."""
    daemon.start()
    write_cut(daemon.inbox / "a.png", 700)
    daemon.wait_for(failed=1)
    assert "1 file" in daemon.command("retry", "*.png").stdout
    daemon.wait_until(lambda: len(daemon.logged("failed")) == 2, "it was tried anew")


def test_a_film_that_is_still_being_copied_waits(daemon: Daemon) -> None:
    """Pauses in the copy that are shorter than the settle time do not matter; the result is whole."""
    daemon.settings["watching"]["settle_seconds"] = 4
    daemon.start()
    source = write_film(daemon.root / "film.mkv", Film(frames=60))
    content = source.read_bytes()
    with (daemon.inbox / "film.mkv").open("wb") as slow:
        for start in range(0, len(content), len(content) // 5):
            slow.write(content[start : start + len(content) // 5])
            slow.flush()
            time.sleep(0.8)
    daemon.wait_for(done=1)
    assert daemon.logged("colouring")[0]["attempt"] == 1
    assert len(daemon.logged("colouring")) == 1


def test_a_slow_copy_with_an_old_date_is_waited_for(daemon: Daemon) -> None:
    """What looks cut off may be a copy that pauses and gives the file its old date: that says nothing of its age."""
    daemon.settings["watching"]["patience_seconds"] = 600
    daemon.settings["work"]["attempts"] = 1
    daemon.start()
    content = write_film(daemon.root / "film.mp4", Film(frames=7)).read_bytes()
    copy = daemon.inbox / "film.mp4"
    for part in (content[: len(content) // 2], content):
        copy.write_bytes(part)
        os.utime(copy, (1e9, 1e9))
        daemon.wait_until(lambda: daemon.logged("will be tried again"), "half of it looks cut off")
    daemon.wait_for(done=1)
    assert daemon.logged("failed") == []


def test_an_original_that_changes_meanwhile_is_done_anew(daemon: Daemon) -> None:
    """What it was is not coloured to its end, and has no result."""
    daemon.start()
    daemon.drop_film("film.mp4", ENDLESS)
    daemon.wait_until(lambda: daemon.status()["counts"]["running"], "the film is being coloured")
    time.sleep(0.3)
    daemon.drop_film("film.mp4", Film(frames=7))
    daemon.wait_for(done=1)
    [done] = [file for file in daemon.status()["files"] if file["state"] == "done"]
    assert Path(done["output"]).name == "film.mp4"
    with av.open(done["output"]) as container:
        assert sum(1 for _ in container.decode(video=0)) == 7
    with closing(sqlite3.connect(daemon.root / "state" / NAME)) as journal:
        [(frames,)] = journal.execute("SELECT frames_done FROM jobs WHERE superseded")
    assert frames < ENDLESS.frames * ENDLESS.rounds / 2


def test_two_originals_never_share_a_name(daemon: Daemon) -> None:
    """reel.avi beside reel.mpg, and a file that was there before: each has its own."""
    daemon.settings["folders"][0]["existing"] = "beside"
    daemon.outbox.mkdir()
    (daemon.outbox / "reel.mp4").write_text("somebody's")
    write_film(daemon.inbox / "reel.avi", Film(codec="mpeg4", frames=5))
    write_film(daemon.inbox / "reel.mpg", Film(codec="mpeg2video", frames=5))
    daemon.start()
    daemon.wait_for(done=2)
    names = sorted(path.name for path in daemon.outbox.iterdir())
    assert names == ["reel (avi).mp4", "reel (mpg).mp4", "reel.mp4"]
    assert (daemon.outbox / "reel.mp4").read_text() == "somebody's"


def test_an_earlier_result_of_the_same_original_is_replaced(daemon: Daemon) -> None:
    """And nothing is numbered."""
    daemon.start()
    write_grey(daemon.inbox / "a.png", 40, 40)
    daemon.wait_for(done=1)
    write_grey(daemon.inbox / "a.png", 50, 50)
    daemon.wait_until(lambda: len(daemon.logged("done")) == 2, "it is done anew")
    assert [path.name for path in daemon.outbox.iterdir()] == ["a.png"]
    assert Image.open(daemon.outbox / "a.png").size == (50, 50)


def test_a_result_that_its_owner_changed_is_not_replaced(daemon: Daemon) -> None:
    """It is his now; the new one gets another name."""
    daemon.start()
    write_grey(daemon.inbox / "a.png", 40, 40)
    daemon.wait_for(done=1)
    (daemon.outbox / "a.png").write_text("retouched by hand")
    write_grey(daemon.inbox / "a.png", 50, 50)
    daemon.wait_until(lambda: len(daemon.logged("done")) == 2, "it is done anew")
    assert (daemon.outbox / "a.png").read_text() == "retouched by hand"
    assert (daemon.outbox / "a (2).png").exists()


def test_originals_move_to_done_where_that_is_configured(daemon: Daemon) -> None:
    """Scanners that always write scan.png lose nothing: each one's result has its own name."""
    daemon.settings["folders"][0]["original"] = "move"
    daemon.start()
    for size in (40, 50):
        write_grey(daemon.inbox / "scan.png", size, size)
        daemon.wait_until(lambda: not (daemon.inbox / "scan.png").exists(), "the original moved")
    daemon.wait_for(done=2)
    assert sorted(path.name for path in (daemon.inbox / "done").iterdir()) == ["scan (2).png", "scan.png"]
    assert sorted(Image.open(path).size for path in daemon.outbox.iterdir()) == [(40, 40), (50, 50)]


def test_an_original_that_cannot_be_moved_stays_and_is_done_once(daemon: Daemon) -> None:
    """A file stands where `done/` should be; one with a name that is no text is skipped; the service goes on."""
    daemon.settings["folders"][0] |= {"original": "move", "include": ["*.png", "*.txt"]}
    (daemon.inbox / "done").write_text("in the way")
    Path(os.fsdecode(os.fsencode(daemon.inbox) + b"/bad\xff.txt")).write_text("%PDF-1.4")
    daemon.start()
    write_grey(daemon.inbox / "a.png")
    daemon.wait_for(done=1, skipped=1)
    daemon.wait_until(lambda: daemon.logged("the original stays where it is"), "it is said")
    assert (daemon.inbox / "a.png").exists()
    write_grey(daemon.inbox / "b.png", 30, 30)
    daemon.wait_for(done=2, skipped=1)
    assert len(daemon.logged("done")) == 2


def test_a_restart_does_nothing_twice_and_forgets_nothing(daemon: Daemon) -> None:
    """What was done stays done; what came meanwhile is found; what moved is not new."""
    write_grey(daemon.inbox / "a.png")
    daemon.start()
    daemon.wait_for(done=1)
    daemon.stop()
    (daemon.inbox / "sub").mkdir()
    (daemon.inbox / "a.png").rename(daemon.inbox / "sub" / "a.png")
    write_grey(daemon.inbox / "b.png", 30, 30)
    daemon.start()
    daemon.wait_for(done=2)
    assert [Path(line["file"]).name for line in daemon.logged("done")] == ["b.png"]


def test_a_stop_puts_the_running_job_back(tintd: Daemon) -> None:
    """Nothing half-written stays, the attempt does not count, and the next start does it."""
    tintd.start()
    tintd.drop_film("film.mp4", ENDLESS)
    tintd.wait_until(lambda: tintd.status()["counts"]["running"], "the film is being coloured")
    assert tintd.stop() == 0
    assert list(tintd.outbox.iterdir()) == []
    [entry] = tintd.status()["files"]
    assert (entry["state"], entry["attempts"]) == ("waiting", 0)


def test_a_stop_lets_a_short_job_finish(tintd: Daemon) -> None:
    """Within the grace time; until then, `tintd status` says so, and shows how far the job is."""
    tintd.settings["work"]["grace_seconds"] = TIMEOUT
    tintd.start()
    tintd.drop_film("film.mp4", LONG)
    tintd.wait_until(lambda: tintd.status()["counts"]["running"], "the film is being coloured")
    assert tintd.process is not None
    tintd.process.send_signal(signal.SIGTERM)
    seen: list[dict[str, Any]] = []

    def stops() -> bool:
        seen.append(tintd.status()["service"])
        return bool(seen[-1]["summary"].startswith("stopping"))

    tintd.wait_until(stops, "it says that it stops")
    assert [Path(job["file"]).name for job in seen[-1]["jobs"]] == ["film.mp4"]
    assert tintd.process.wait(TIMEOUT) == 0
    assert (tintd.outbox / "film.mp4").exists()


def test_a_worker_that_is_killed_costs_one_attempt(daemon: Daemon) -> None:
    """The job is done by its successor."""
    daemon.start()
    daemon.drop_film("film.mp4", LONG)
    daemon.wait_until(lambda: daemon.status()["counts"]["running"], "the film is being coloured")
    [worker] = daemon.status()["service"]["workers"]
    os.kill(int(worker["worker"].split()[0]), signal.SIGSEGV)
    daemon.wait_for(done=1)
    [entry] = daemon.status()["files"]
    assert entry["attempts"] == 2
    assert "SIGSEGV" in daemon.logged("will be tried again")[0]["reason"]
    assert daemon.leftovers() == []


def worker_of(service: int) -> int:
    """The process of a service's worker."""
    children = Path(f"/proc/{service}/task/{service}/children").read_text().split()
    return next(
        int(child) for child in children if b"multiprocessing.spawn" in Path(f"/proc/{child}/cmdline").read_bytes()
    )


@pytest.mark.parametrize("moment", [0.0, 0.7, 1.5])
def test_kill_nine_in_the_middle_loses_nothing(daemon: Daemon, moment: float) -> None:
    """After a restart the same files are done once, with no leftovers and no half-written result."""
    daemon.drop_film("film.mkv", Film(frames=120, sounds=("aac",)))
    for number in range(5):
        write_grey(daemon.inbox / f"{number}.png", 40 + number, 40)
    daemon.start()
    time.sleep(moment)
    daemon.stop(signal.SIGKILL)
    daemon.start()
    daemon.wait_for(done=6)
    assert sorted(path.name for path in daemon.outbox.iterdir()) == [
        *(f"{number}.png" for number in range(5)),
        "film.mkv",
    ]
    assert daemon.leftovers() == []


def test_the_worker_goes_with_its_service(tintd: Daemon) -> None:
    """After a kill -9 of the service no worker goes on for itself."""
    tintd.start()
    assert tintd.process is not None
    worker = worker_of(tintd.process.pid)
    tintd.stop(signal.SIGKILL)
    tintd.wait(lambda: has_ended(worker), "the worker has ended", lambda: False)


def test_a_second_service_on_the_same_state_refuses(daemon: Daemon) -> None:
    """Two would do everything twice."""
    daemon.start()
    command = [sys.executable, "-m", "daemon", "run", "-c", str(daemon.root / "config.yaml")]
    second = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert second.returncode == 1
    assert "another tintd" in second.stderr


def test_wrong_weights_stop_the_start_with_the_reason(tintd: Daemon) -> None:
    """Before any file is touched."""
    write_grey(tintd.inbox / "a.png")
    tintd.settings["colour"]["weights"] = "nothing.safetensors"
    with pytest.raises(pytest.fail.Exception, match="no weights file"):
        tintd.start()
    assert tintd.process is not None
    assert tintd.process.wait(TIMEOUT) == 1


def test_an_output_folder_that_cannot_be_written_holds_the_job(daemon: Daemon) -> None:
    """It is nobody's fault: when the folder is back, the file is done, at no attempt's cost."""
    daemon.start()
    shutil.rmtree(daemon.outbox)
    daemon.outbox.write_text("a file in the way")
    write_grey(daemon.inbox / "a.png")
    daemon.wait_until(lambda: daemon.logged("held"), "the job is held")
    daemon.outbox.unlink()
    daemon.wait_for(done=1)
    assert daemon.status()["files"][0]["attempts"] == 1


@pytest.mark.slow
def test_five_hundred_photographs_at_once(daemon: Daemon) -> None:
    """Each is done once."""
    daemon.start()
    for number in range(500):
        write_grey(daemon.inbox / f"{number:03}.jpg", 60 + number % 40, 80)
    daemon.wait_for(done=500)
    assert len(list(daemon.outbox.iterdir())) == 500


def test_files_from_any_time_are_coloured(daemon: Daemon) -> None:
    """Breaks: a camera whose clock was wrong. Nanoseconds after 2262 fit into no column, and the service ended."""
    times = {"1901.png": -2_147_483_648, "2106.png": 4_294_967_296, "2400.png": 13_569_465_600}
    for name, seconds in times.items():
        os.utime(write_grey(daemon.inbox / name), (seconds, seconds))
    kept = times_in(daemon.inbox)  # some file systems know no time after 2038, and keep the last one that they know
    daemon.start()
    daemon.wait_for(done=3)
    assert times_in(daemon.outbox) == kept


def times_in(folder: Path) -> dict[str, int]:
    """When the files of a folder were changed, in seconds since the epoch."""
    return {path.name: round(path.stat().st_mtime) for path in folder.iterdir()}
