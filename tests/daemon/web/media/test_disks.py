"""Tests of daemon/web/media/disks.py: a disk that hangs keeps nobody waiting but those who ask for its files."""

import asyncio
import threading
from pathlib import Path

import httpx
import pytest

from daemon.web.media import previews
from daemon.web.media.disks import Disks
from tests.daemon.web.conftest import Page, enter_file, finish_file
from tests.daemon.web.test_supervisor import until

HUNG, OTHER = Path("/hung"), Path("/other")


def test_a_disk_that_hangs_is_given_up() -> None:
    """However often it is asked; other disks answer meanwhile, and so does this one when it is back."""
    back, others = threading.Event(), set(threading.enumerate())

    async def ask() -> None:
        disks = Disks()
        for _ in range(20):
            with pytest.raises(TimeoutError):
                await disks.ask(HUNG, back.wait, 0.01)
            assert await disks.ask(OTHER, lambda: "there") == "there"
        assert len(set(threading.enumerate()) - others) < 10
        back.set()
        assert await disks.ask(HUNG, lambda: "there again") == "there again"

    asyncio.run(ask())


def test_a_file_on_a_disk_that_hangs_does_not_stop_the_page(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its preview comes when the disk is back; all else is shown before."""
    job = enter_file(page.config, "a.jpg")
    finish_file(page.config, job)
    hangs, back, look, answers = threading.Event(), threading.Event(), previews._inside, list[httpx.Response]()  # noqa: SLF001

    def hang(*place: object) -> object:
        hangs.set()
        back.wait()
        return look(*place)  # type: ignore[arg-type]

    monkeypatch.setattr(previews, "_inside", hang)
    waiting = threading.Thread(target=lambda: answers.append(page.browser.get(f"/jobs/{job}/download")))
    waiting.start()
    until(hangs.is_set)
    for path in ("/", "/done", "/drop", "/healthz", "/api/v1/jobs"):
        assert page.browser.get(path).status_code == 200
    assert not answers
    back.set()
    waiting.join()
    assert answers[0].status_code == 200
