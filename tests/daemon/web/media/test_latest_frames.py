"""Tests of daemon/web/media/latest_frames.py: a film that runs is seen before it is done."""

import asyncio
import io
from pathlib import Path

import numpy as np
from PIL import Image

from colorizer.engine import colorize
from colorizer.job import Job
from colorizer.settings import ColourSettings, JobSettings
from daemon.jobs.workspace import work_folder
from daemon.journal.journal import Journal
from daemon.web.media.disks import Disks
from daemon.web.media.latest_frames import LatestFrames
from tests.assets.films import Film, write_film
from tests.daemon.web.conftest import Page, enter_file


def test_a_running_film_shows_a_frame_of_its_last_segment(
    page: Page, tmp_path: Path, weights: Path, forked_workers: None
) -> None:
    """In colour and in grey; nothing is shown before a segment is finished, nor of a link that lies there."""
    assert forked_workers is None
    job = enter_file(page.config, "film.mkv", write_film(tmp_path / "film.mkv", Film()).read_bytes())
    journal = Journal(page.config.state)
    record = journal.job(job)
    assert record is not None
    started = journal.start(record, "1 (cpu)", 1.0)
    workspace = work_folder(started, page.config.folders[0], journal)
    journal.close()
    assert page.browser.get(f"/jobs/{job}/frame.jpg").status_code == 404
    settings = JobSettings(colour=ColourSettings(weights=weights, device="cpu", vividness=1.0))
    colorize(Job(started.source, tmp_path / "result", workspace, settings), lambda _done, _frames: None)

    text = page.browser.get("/").text
    assert text.count(f"jobs/{job}/frame.jpg?segment-") == 2
    for shown in (text, page.browser.get(f"/jobs/{job}").text):
        assert "Progress of film.mkv" in shown
    answer = page.browser.get(f"/jobs/{job}/frame.jpg")
    assert answer.headers["content-type"] == "image/jpeg"
    picture = np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB"), float)
    assert picture.shape == (64, 96, 3)
    assert np.abs(picture[..., 0] - picture[..., 2]).mean() > 2

    def newest() -> dict[int, Path]:
        return asyncio.run(LatestFrames(page.config, Disks()).segments([started], journal.id))

    assert newest()[job].parent == workspace
    for segment in workspace.glob("segment-*.mkv"):
        segment.rename(tmp_path / segment.name)
        segment.symlink_to(tmp_path / segment.name)
    assert newest() == {}
