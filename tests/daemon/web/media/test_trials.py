"""Tests of daemon/web/media/trials.py and daemon/web/pages/again.py: other settings are tried before they replace."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.assets.pictures import write_grey
from tests.daemon.web.conftest import Page, enter_file, finish_file
from tests.daemon.web.test_supervisor import until

CHOICE = {"vividness": "1", "steadiness": "auto", "working_size": "64"}


@pytest.fixture
def done(page: Page, tmp_path: Path) -> int:
    """A photograph that has been coloured."""
    photograph = write_grey(tmp_path / "a.png").read_bytes()
    job = enter_file(page.config, "a.png", photograph)
    finish_file(page.config, job, photograph)
    return job


def test_a_trial_is_made_beside_the_result(page: Page, done: int, forked_workers: None) -> None:
    """It is kept apart from the result, made once, and its settings stay in the form."""
    assert forked_workers is None
    result = page.config.folders[0].output / "a.png"
    before = result.read_bytes()
    place = f"/jobs/{done}/again"
    assert "The trial" not in page.browser.get(place).text
    assert page.browser.get(f"{place}/new", params=CHOICE).status_code == 404
    answer = page.browser.post(place, data=CHOICE | {"do": "try"})
    assert answer.status_code == 303
    until(lambda: "data-compare" in page.browser.get(place, params=CHOICE).text)
    for side in ("new", "present"):
        assert page.browser.get(f"{place}/{side}", params=CHOICE).headers["content-type"] == "image/jpeg"
    kept = {path.name: path.stat().st_ino for path in (page.config.web_folder / "trials").iterdir()}
    assert len(kept) == 2
    for path in (page.config.web_folder / "trials").iterdir():
        assert Image.open(path).size == Image.open(result).size
    page.browser.post(place, data=CHOICE | {"do": "try"})
    assert {path.name: path.stat().st_ino for path in (page.config.web_folder / "trials").iterdir()} == kept
    assert 'value="64"' in page.browser.get(place, params=CHOICE).text
    assert "data-compare" not in page.browser.get(place, params=CHOICE | {"vividness": "0"}).text
    assert result.read_bytes() == before


def test_what_cannot_be_tried_is_said(page: Page, done: int) -> None:
    """A wrong value, a result that is gone, a service that does not run, a file that nobody knows."""
    place = f"/jobs/{done}/again"
    wrong = page.browser.post(place, data=CHOICE | {"do": "try", "vividness": "<b>7</b>"})
    assert wrong.status_code == 422
    assert "vividness: must be" in wrong.text
    assert "<b>" not in wrong.text
    assert "tintd run" in page.browser.post(place, data=CHOICE | {"do": "recolor"}).text
    (page.config.folders[0].output / "a.png").unlink()
    assert "gone" in page.browser.post(place, data=CHOICE | {"do": "try"}).text
    assert page.browser.get("/jobs/77/again").status_code == 404
    assert page.stranger().get(place).status_code in {303, 401, 403}


def test_trials_are_off_with_previews(make_page: Callable[..., Page], tmp_path: Path) -> None:
    """With a quota of nothing, none is made."""
    page = make_page(previews_mib=0)
    photograph = write_grey(tmp_path / "a.png").read_bytes()
    job = enter_file(page.config, "a.png", photograph)
    finish_file(page.config, job, photograph)
    assert "previews_mib" in page.browser.post(f"/jobs/{job}/again", data=CHOICE | {"do": "try"}).text
