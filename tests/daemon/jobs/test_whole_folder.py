"""Tests of daemon/jobs/whole_folder.py, with the real service: sequences from the inbox to `done/`."""

import os
import shutil
import stat
from pathlib import Path

import av

from tests.assets.discs import write_disc
from tests.assets.pictures import write_grey
from tests.assets.sequences import write_frames, write_wav
from tests.conftest import Daemon


def names_in(folder: Path) -> list[str]:
    """All files below a folder; folders may vanish meanwhile."""
    files = [Path(place, name) for place, _, names in os.walk(folder) for name in names]
    return sorted(str(path.relative_to(folder)) for path in files)


def test_sequences_are_films_and_move_as_whole_folders(daemon: Daemon, tmp_path: Path) -> None:
    """Two in one folder are two films; sound, photographs and a lone number beside them are what they are."""
    daemon.settings["folders"][0] |= {"sequences": 12, "original": "move"}
    daemon.settings["watching"]["settle_seconds"] = 3  # the folder is not complete before its last frame has come
    daemon.start()
    one = write_frames(tmp_path / "one", "scan.{:04}.dpx", range(100, 112), "gray16be")
    write_wav(daemon.inbox / "reel.wav", 1)
    for frame in sorted(one.iterdir()):  # as a slow copy makes them
        (daemon.inbox / "reel").mkdir(exist_ok=True)
        shutil.copy(frame, daemon.inbox / "reel" / frame.name)
    two = write_frames(tmp_path / "two", "{:03}.png", range(9, 14), "gray")
    write_frames(two, "b{}.png", range(9, 13), "gray")
    write_grey(two / "cover.jpg")
    write_grey(two / "page7.png")
    two.rename(daemon.inbox / "two")
    daemon.wait_for(done=5)

    assert names_in(daemon.outbox) == ["reel/scan.mkv", "two.mkv", "two/b.mkv", "two/cover.jpg", "two/page7.png"]
    with av.open(str(daemon.outbox / "reel" / "scan.mkv")) as film:
        assert [stream.codec_context.name for stream in film.streams] == ["ffv1", "pcm_s24le"]
        assert len(list(film.decode(video=0))) == 12
    daemon.wait_until(lambda: not (daemon.inbox / "two").exists(), "the folder has moved")
    moved = names_in(daemon.inbox)
    assert len(moved) == 12 + 1 + 5 + 4 + 2
    assert {name.split("/")[0] for name in moved} == {"done"}
    known = {str(Path(job["file"]).relative_to(daemon.inbox)) for job in daemon.status()["files"]}
    assert known == {f"done/{name}" for name in ("reel/scan.#.dpx", "two/#.png", "two/b#.png")} | {
        "done/two/cover.jpg",
        "done/two/page7.png",
    }


def test_a_folder_stays_while_something_in_it_has_failed(daemon: Daemon) -> None:
    """And a frame that changes later makes a new version."""
    daemon.settings["folders"][0] |= {"sequences": "24000/1001", "original": "move"}
    folder = write_frames(daemon.inbox / "reel", "a{}.png", range(5), "gray")
    for number in range(3):
        (folder / f"b{number}.tif").write_bytes(b"no frame")
    daemon.start()
    daemon.wait_for(done=1, failed=1)
    assert names_in(daemon.outbox) == ["reel/a.mkv", "reel/b.tif.failed.txt"]
    assert len(names_in(daemon.inbox)) == 8

    for frame in write_frames(daemon.root / "mended", "b{}.tif", range(3), "gray").iterdir():
        frame.rename(folder / frame.name)
    daemon.wait_for(done=2, failed=0)
    daemon.wait_until(lambda: names_in(daemon.inbox)[0].startswith("done/"), "the folder has moved")
    assert names_in(daemon.outbox) == ["reel/a.mkv", "reel/b.mkv"]


def test_a_folder_that_can_only_be_read_is_coloured(daemon: Daemon) -> None:
    """Its originals stay."""
    daemon.settings["folders"][0] |= {"sequences": 24}
    folder = write_frames(daemon.inbox / "reel", "a{}.png", range(5), "gray")
    folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    daemon.start()
    daemon.wait_for(done=1)
    assert names_in(daemon.outbox) == ["reel/a.mkv"]
    assert len(names_in(daemon.inbox)) == 5


def test_a_disc_is_one_film_and_moves_as_a_whole(daemon: Daemon) -> None:
    """Without a job for each of its files, and without notes about its indexes."""
    daemon.settings["folders"][0] |= {"original": "move"}
    write_disc(daemon.inbox / "Holiday")
    daemon.start()
    daemon.wait_for(done=1, failed=0, skipped=0)
    (result,) = names_in(daemon.outbox)
    assert Path(result).stem == "Holiday"
    assert len(names_in(daemon.inbox / "done" / "Holiday" / "VIDEO_TS")) == 7
    assert len(names_in(daemon.inbox)) == 7
