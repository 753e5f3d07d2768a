"""Tests of daemon/web/site/feed.py: the page follows a real service, and asks it."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from daemon.web.api import events as stream_events
from daemon.web.site.feed import Feed
from tests.assets.pictures import write_grey
from tests.conftest import TIMEOUT, Daemon


@pytest.fixture
def browser(serve: Callable[..., str]) -> Iterator[httpx.Client]:
    """A browser that has logged in to the page of a running service."""
    link = serve()
    address = link.partition("/login")[0]
    with httpx.Client(base_url=address, headers={"Origin": address}, timeout=TIMEOUT) as made:
        assert made.get(link).status_code == 303
        yield made


@contextmanager
def events(browser: httpx.Client, last: str = "") -> Iterator[Iterator[tuple[str, Any]]]:
    """The events of the page: their ids and what they say."""

    def read(lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
        name = ""
        for line in lines:
            if line.startswith("id: "):
                name = line.removeprefix("id: ")
            if line.startswith("data: "):
                yield name, json.loads(line.removeprefix("data: "))

    with browser.stream("GET", "/api/v1/events", headers={"Last-Event-ID": last} if last else {}) as answer:
        assert answer.headers["x-accel-buffering"] == "no"
        yield read(answer.iter_lines())


def until(condition: Callable[[], Any]) -> None:
    """Wait until a condition is true."""
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_people_see_and_steer_the_service(daemon: Daemon, browser: httpx.Client) -> None:
    """Pause, drop a file, resume, and it is done; the same page shows a failure, which can be tried again."""

    def press(**fields: str | int) -> None:
        assert browser.post("/actions", data=fields).status_code == 303

    with events(browser) as told:
        assert any(said is not None and said["ready"] for _, said in told)
        assert str(daemon.inbox) in browser.get("/").text.partition("Watched folders")[2]
        assert [watch["folder"] for watch in browser.get("/api/v1/status").json()["service"]["watches"]] == [
            str(daemon.inbox)
        ]
        press(do="pause-30")
        first = next((name, said) for name, said in told if said and said["paused"])
        assert first[1]["paused"][0]["until"] > time.time() + 1700
        assert "Paused" in browser.get("/").text
        write_grey(daemon.inbox / "a.png")
        write_grey(daemon.inbox / "b.png")
        until(lambda: browser.get("/api/v1/jobs", params={"state": "waiting"}).json()["jobs"][1:])
        jobs = {Path(job["file"]).name: job["job"] for job in browser.get("/api/v1/jobs").json()["jobs"]}
        press(do="front", job=jobs["b.png"])
        press(do="cancel", job=jobs["a.png"])
        press(do="resume")
        assert any(said and said["counts"].get("done") == 1 for _, said in told)
    with events(browser, first[0]) as missed:  # a browser that was away for a moment gets what it has missed
        assert any(said and not said["paused"] for _, said in missed)
    assert "cancelled" in browser.get("/failed?state=skipped").text
    press(do="retry-skipped")
    until(lambda: browser.get("/api/v1/status").json()["counts"]["done"] == 2)
    detail = browser.get(f"/api/v1/jobs/{jobs['a.png']}").json()
    assert [attempt["outcome"] for attempt in detail["history"]] == ["done"]
    place = f"/api/v1/jobs/{jobs['a.png']}"
    until(lambda: len(browser.get(place).json()["history"][0]["log"]) == 2)
    assert [line["event"] for line in browser.get(place).json()["history"][0]["log"]] == ["colouring", "done"]
    assert browser.post(f"{place}/recolor", json={"vividness": 0.5}).json()["files"] == 1
    assert browser.get(place).json()["choice"] == {"vividness": 0.5}
    assert browser.get("/api/v1/jobs/77").status_code == 404
    assert browser.get("/api/v1/jobs", params={"limit": 0}).status_code == 422
    page = browser.get("/api/v1/jobs", params={"limit": 1}).json()
    other = browser.get("/api/v1/jobs", params={"limit": 1, "cursor": page["next"]}).json()
    assert page["jobs"] != other["jobs"]
    assert other["next"] is None


def test_a_browser_that_was_away_for_long_gets_the_latest(tmp_path: Path) -> None:
    """Its id is not known any more, or is one of another process."""
    feed = Feed(tmp_path / "control")
    for number in range(300):
        feed._add({"number": number})  # noqa: SLF001
    assert [update.snapshot for update in feed.after(None)] == [{"number": 299}]
    assert [update.snapshot for update in feed.after("other-1")] == [{"number": 299}]
    last = feed.latest.id
    assert feed.after(last) == []
    feed._add({"number": 299})  # noqa: SLF001
    assert feed.after(last) == []
    feed._add(None)  # noqa: SLF001
    assert [update.snapshot for update in feed.after(last)] == [None]


def test_a_change_while_a_browser_is_told_of_another_is_not_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Breaks: a page shows what was a moment ago until the next change, or for twenty seconds."""
    monkeypatch.setattr(stream_events, "HEARTBEAT_SECONDS", 100 * TIMEOUT)
    feed = Feed(tmp_path / "control")

    async def told() -> list[str]:
        said = stream_events._events(feed, None, 1)  # noqa: SLF001
        lines = [await anext(said)]
        for number in range(3):
            lines.append(await asyncio.wait_for(anext(said), TIMEOUT))
            feed._add({"number": number})  # noqa: SLF001 (while the browser is told of the one before)
        await said.aclose()
        return lines

    assert [line.rpartition("data: ")[2].strip() for line in asyncio.run(told())[1:]] == [
        "null",
        '{"number": 0}',
        '{"number": 1}',
    ]
