"""Sequences on the page: before and after are shown, and a folder of frames is sent as a ZIP."""

import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from daemon.files.identity import Result, identify
from daemon.journal.journal import Journal
from daemon.journal.records import IncomingFile, ResultMetadata
from daemon.web.media.folder_archive import archived
from tests.assets.sequences import write_frames
from tests.daemon.web.conftest import Page


def done_sequence(page: Page, name: str, pixels: str) -> int:
    """A job that has made frames of frames; returns its number."""
    folder = page.config.folders[0]
    write_frames(folder.input / "reel", name, range(6), pixels)
    made = write_frames(folder.output / "reel" / "scan é.frames", name, range(6), pixels)
    (made / "tintd.txt").write_text("tintd")
    path = Path("reel") / f"{name.partition('{')[0]}#{Path(name).suffix}"
    original, result = identify(folder.input / path), identify(made)
    assert original is not None
    assert result is not None
    journal = Journal(page.config.state)
    journal.add(IncomingFile(folder.input, path, original, "fingerprint"), 1000.0)
    record = journal.find(folder.input / path, folder.input)
    assert record is not None
    started = journal.start(record, "1 (cpu)", 1001.0)
    journal.announce(started.id, Result(made, result), ResultMetadata("settings", "weights", 1.5, ()))
    journal.finish(started.id, 1002.0)
    journal.close()
    return record.id


@pytest.mark.usefixtures("forked_workers")
@pytest.mark.parametrize(("name", "pixels"), [("scan.{:04}.dpx", "gbrp10be"), ("e{:03}.exr", "gbrpf32le")])
def test_a_sequence_is_shown_before_and_after(page: Page, name: str, pixels: str) -> None:
    """As stills, as a copy that plays, and the result as a ZIP of its files."""
    job = done_sequence(page, name, pixels)
    text = page.browser.get(f"/jobs/{job}").text
    assert "cannot be shown" not in text
    for which in ("before", "after"):
        still = page.browser.get(f"/jobs/{job}/preview/{which}.jpg")
        assert still.status_code == 200
        with Image.open(io.BytesIO(still.content)) as picture:
            assert picture.size == (96, 64)
    answer = page.browser.get(f"/jobs/{job}/download")
    assert answer.headers["content-disposition"] == "attachment; filename*=utf-8''scan%20%C3%A9.frames.zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        files = {Path(entry).name: archive.read(entry) for entry in archive.namelist()}
    folder = page.config.folders[0].output / "reel" / "scan é.frames"
    assert files == {path.name: path.read_bytes() for path in folder.iterdir()}


def test_an_archive_has_no_file_of_another_place(tmp_path: Path) -> None:
    """A link in the folder may lead to one that is nobody's business."""
    folder = tmp_path / "reel.frames"
    (folder / "folder").mkdir(parents=True)
    (folder / "1.png").write_text("frame")
    (tmp_path / "secret").write_text("secret")
    (folder / "2.png").symlink_to(tmp_path / "secret")
    with zipfile.ZipFile(io.BytesIO(b"".join(archived(folder)))) as archive:
        assert archive.namelist() == ["reel.frames/1.png"]


def test_a_result_that_is_gone_is_said_to_be(page: Page) -> None:
    """In words, not as an error of the page."""
    job = done_sequence(page, "scan.{:04}.dpx", "gbrp10be")
    folder = page.config.folders[0].output / "reel" / "scan é.frames"
    folder.rename(folder.with_name("moved"))
    assert "The file is gone." in page.browser.get(f"/jobs/{job}").text
    assert page.browser.get(f"/jobs/{job}/download").status_code == 404
