"""Tests of daemon/web/media/previews.py: previews are made once, by a worker, and kept within a quota."""

import os
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from PIL import Image

from daemon.web.media.previews import keep_within
from tests.assets.films import Film, write_film
from tests.assets.pictures import write_grey
from tests.daemon.web.conftest import Page, enter_file, finish_file
from tests.daemon.web.test_supervisor import until


def test_a_photograph_is_shown(page: Page, tmp_path: Path, forked_workers: None) -> None:
    """As a JPEG that is not larger than a screen, made once; afresh when the file has changed."""
    assert forked_workers is None
    Image.effect_noise((2400, 900), 60).save(tmp_path / "big.png")
    big = (tmp_path / "big.png").read_bytes()
    job = enter_file(page.config, "big.png", big)
    finish_file(page.config, job, big)
    answer = page.browser.get(f"/jobs/{job}/preview/before.jpg")
    assert answer.headers["content-type"] == "image/jpeg"
    kept = sorted((page.config.web_folder / "previews").iterdir())
    made = {path: path.stat().st_ino for path in kept}
    assert len(kept) == 2
    assert {Image.open(path).size for path in kept} == {(1600, 600), (480, 180)}
    assert page.browser.get(f"/jobs/{job}/preview/before.jpg?small").status_code == 200
    assert {path: path.stat().st_ino for path in kept} == made
    broken = enter_file(page.config, "broken.jpg", b"\xff\xd8\xff broken")
    for _ in range(2):
        answer = page.browser.get(f"/jobs/{broken}/preview/before.jpg")
        assert answer.status_code == 404
        assert "broken.jpg" in answer.text


def test_a_film_that_no_browser_plays_is_copied_when_asked(page: Page, tmp_path: Path, forked_workers: None) -> None:
    """FFV1 in Matroska becomes H.264, which can be read from any place."""
    assert forked_workers is None
    film = write_film(tmp_path / "film.mkv", Film(codec="ffv1")).read_bytes()
    job = enter_file(page.config, "film.mkv", film)
    finish_file(page.config, job, film)
    assert "<video" not in page.browser.get(f"/jobs/{job}").text
    assert page.browser.get(f"/jobs/{job}/media/after").status_code == 404
    assert page.browser.post(f"/jobs/{job}/clips").status_code == 303
    until(lambda: page.browser.get(f"/jobs/{job}").text.count("<video") == 2)
    part = page.browser.get(f"/jobs/{job}/media/after", headers={"Range": "bytes=4-11"})
    assert part.status_code == httpx.codes.PARTIAL_CONTENT
    assert part.content.startswith(b"ftyp")
    assert part.headers["content-type"] == "video/mp4"


@pytest.mark.parametrize(("most", "kept"), [(100, "abc"), (25, "bc"), (10, "c"), (0, "")])
def test_the_quota_is_kept(tmp_path: Path, most: int, kept: str) -> None:
    """What was shown longest ago goes first."""
    for number, name in enumerate("abc"):
        (tmp_path / name).write_bytes(bytes(10))
        os.utime(tmp_path / name, (number, number))
    keep_within(tmp_path, most)
    assert "".join(sorted(path.name for path in tmp_path.iterdir())) == kept


def test_previews_can_be_off(make_page: Callable[..., Page], tmp_path: Path) -> None:
    """With a quota of nothing, none is made."""
    page = make_page(previews_mib=0)
    job = enter_file(page.config, "a.png", write_grey(tmp_path / "a.png").read_bytes())
    assert "previews_mib" in page.browser.get(f"/jobs/{job}/preview/before.jpg").text
