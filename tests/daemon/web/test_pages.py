"""Tests of daemon/web/pages: what people read, of a page that is really served."""

import os
import sqlite3
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path

import pytest

from daemon.journal.job_log import LogLine
from daemon.journal.journal import Journal
from daemon.web.site.reading import shown
from tests.daemon.web.conftest import Page, enter_file, fail_file, finish_file

EVIL = "<img src=x onerror=alert(1)>\n\"'&\udcff\x1b[31m.jpg"
"""A name with HTML, quotes, a line break, a byte that is not UTF-8, and a terminal's control sequence."""


class Tags(HTMLParser):
    """The tags of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one."""
        self.found.append((tag, dict(attrs)))


def test_a_first_visit_says_what_to_do(page: Page) -> None:
    """Both pages name the folder."""
    for path in ("/", "/done"):
        text = page.browser.get(path).text
        assert "Nothing has been coloured yet" in text
        assert str(page.config.folders[0].input) in text


def test_the_page_goes_on_without_the_service(page: Page) -> None:
    """What is done is shown, and that the service does not run."""
    finish_file(page.config, enter_file(page.config, "old.jpg"))
    text = page.browser.get("/").text
    assert "The service is not running" in text
    assert "old.jpg" in text
    answer = page.browser.post("/actions", data={"do": "pause"})
    assert answer.status_code == 503
    assert "tintd run" in answer.text


def test_a_film_that_is_read_through_before_says_so(page: Page) -> None:
    """A disc takes minutes until its first frame is coloured."""
    job = enter_file(page.config, "VIDEO_TS")
    with closing(Journal(page.config.state)) as journal:
        (record,) = journal.jobs("waiting")
        journal.start(record, "7 (cpu)", 1500.0)
        journal.note_progress({job: (0, 0, 0.43)})
    for path in ("/", f"/jobs/{job}"):
        text = page.browser.get(path).text
        assert "<span>reading</span>" in text
        assert "43%" in text
    assert page.browser.get(f"/api/v1/jobs/{job}").json()["read"] == 0.43


@pytest.mark.parametrize("outcome", ["waiting", "done", "failed"])
def test_a_name_of_html_is_only_a_name(page: Page, outcome: str) -> None:
    """Nowhere does a name or a reason become a tag, and bytes that are not UTF-8 harm nothing."""
    job = enter_file(page.config, EVIL)
    if outcome == "done":
        finish_file(page.config, job)
    if outcome == "failed":
        fail_file(page.config, job, "<script>alert(2)</script>")
    for path in ("/", "/done", "/failed", "/failed?state=skipped", f"/jobs/{job}", "/done?state=waiting"):
        answer = page.browser.get(path)
        assert answer.status_code == 200
        for tag, attributes in Tags(answer.text).found:
            assert "onerror" not in attributes
            assert "style" not in attributes
            assert tag != "script" or (attributes["src"] or "").startswith(("./static/", "../static/"))
    assert shown(EVIL).isprintable()
    assert page.browser.get("/api/v1/jobs").json()["jobs"][0]["file"].endswith("\N{REPLACEMENT CHARACTER}[31m.jpg")


def test_every_address_in_a_page_is_its_own(page: Page) -> None:
    """No request goes elsewhere, and all links are relative: they hold under any path."""
    finish_file(page.config, enter_file(page.config, "album/a.jpg"))
    for path in ("/", "/done", "/failed", "/jobs/1", "/nothing/at/all", "/login"):
        for tag, attributes in Tags(page.browser.get(path).text).found:
            for name in ("href", "src", "action", "hx-get", "sse-connect"):
                target = attributes.get(name)
                assert target is None or target.startswith(("./", "../", "#", "login")), f"{tag} {target}"


def test_a_result_has_its_report(page: Page) -> None:
    """Notes, weights, time, and every attempt."""
    job = enter_file(page.config, "a.jpg")
    finish_file(page.config, job)
    text = page.browser.get(f"/jobs/{job}").text
    assert "&lt;i&gt;a note&lt;/i&gt;" in text
    assert "worker 1 (cpu)" in text
    download = page.browser.get(f"/jobs/{job}/download")
    assert download.content == b"y"
    assert download.headers["content-disposition"].startswith("attachment")


def test_the_log_of_each_attempt_is_shown(page: Page) -> None:
    """On the page and as JSON; it is open where something is wrong, and nothing in it is HTML."""
    job = enter_file(page.config, "a.jpg")
    fail_file(page.config, job, "no")
    trace = "Traceback\n  <b>a line</b>\x1b[31m\nValueError: \udcff"
    with closing(Journal(page.config.state)) as journal:
        journal.job_log.add([(job, LogLine(2001.0, "error", "unexpected error", {"trace": trace}))])
    text = page.browser.get(f"/jobs/{job}").text
    assert "<details open><summary>Log</summary>" in text
    assert "&lt;b&gt;a line&lt;/b&gt;\N{REPLACEMENT CHARACTER}[31m" in text
    [attempt] = page.browser.get(f"/api/v1/jobs/{job}").json()["history"]
    assert [(line["at"], line["level"], line["event"]) for line in attempt["log"]] == [
        (2001.0, "error", "unexpected error")
    ]
    assert attempt["log"][0]["details"]["trace"].endswith("ValueError: ?")


def test_files_outside_of_the_folders_are_not_shown(page: Page, tmp_path: Path) -> None:
    """Neither by a link, nor where the journal names a foreign path; a file that is gone is said to be."""
    (tmp_path / "secret").write_bytes(b"secret")
    linked, gone = enter_file(page.config, "linked.jpg"), enter_file(page.config, "gone.jpg")
    result = finish_file(page.config, linked)
    result.unlink()
    result.symlink_to(tmp_path / "secret")
    finish_file(page.config, gone).unlink()
    for job in (linked, gone):
        for path in ("download", "preview/after.jpg", "media/after"):
            answer = page.browser.get(f"/jobs/{job}/{path}")
            assert answer.status_code == 404
            assert answer.content != b"secret"
        assert "cannot be shown" in page.browser.get(f"/jobs/{job}").text
    for path in (
        "/jobs/../../etc/passwd",
        "/jobs/1/preview/..%2f..%2fetc.jpg",
        "/jobs/x",
        "/jobs/999999999999999999999",
    ):
        assert page.browser.get(path).status_code == 404


def test_a_failure_has_its_reason(page: Page) -> None:
    """In the list, found by a part of its name, in capitals or not."""
    job = enter_file(page.config, "Letters/Anna 1912.jpg")
    fail_file(page.config, job, "the picture ends too early")
    for text in ("anna", "letters/", "1912", ""):
        assert "ends too early" in page.browser.get("/failed", params={"q": text}).text
    for text in ("%", "_", "nobody"):
        assert "No file matches" in page.browser.get("/failed", params={"q": text}).text


def test_a_locked_journal_is_said(page: Page) -> None:
    """While another program keeps the journal for itself, the page says so; afterwards it is shown again."""
    finish_file(page.config, enter_file(page.config, "a.jpg"))
    with closing(sqlite3.connect(page.config.state / "journal.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert "a.jpg" in page.browser.get("/done").text  # a program that only writes disturbs nobody who reads
        other.execute("ROLLBACK")
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        answer = page.browser.get("/done")
        assert answer.status_code == 503
        assert "another program keeps it locked" in answer.text
        assert "another program" in page.browser.get("/api/v1/jobs").json()["error"]
    assert "a.jpg" in page.browser.get("/done").text


@pytest.mark.parametrize("harm", ["damaged", "gone", "foreign"])
def test_a_journal_that_cannot_be_read_is_said(page: Page, harm: str) -> None:
    """On every page, with what is wrong; the page itself goes on."""
    path = page.config.state / "journal.sqlite3"
    if harm == "damaged":
        path.write_bytes(os.urandom(8192))
        path.with_name("journal.sqlite3-wal").unlink(missing_ok=True)
    elif harm == "gone":
        path.unlink()
    else:
        path.write_bytes(b"")
    for place in ("/", "/done", "/failed", "/jobs/1"):
        answer = page.browser.get(place)
        assert answer.status_code == 503
        assert "The journal cannot be read" in answer.text
    assert "journal" in page.browser.get("/api/v1/status").json()["error"]
    assert page.browser.get("/healthz").status_code == 200
