"""Tests of daemon/web/site/uploads.py: files arrive whole under a name of their own, or are refused with a reason."""

import asyncio
import base64
import errno
import os
import socket
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from daemon.web.site import uploads
from daemon.web.site.upload_paths import UploadError, safe_path
from tests.conftest import TIMEOUT
from tests.daemon.web.conftest import Page
from tests.daemon.web.test_supervisor import until

PATCHING = {"Content-Type": "application/offset+octet-stream", "Tus-Resumable": "1.0.0"}


def begin(page: Page, name: str, length: int, folder: str = "") -> httpx.Response:
    """Ask for an upload."""
    values = {"relativePath": name, **({"folder": folder} if folder else {})}
    metadata = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())
    headers = {"Upload-Length": str(length), "Upload-Metadata": metadata.strip(), "Tus-Resumable": "1.0.0"}
    return page.browser.post("/api/v1/uploads", headers=headers)


def place_of(answer: httpx.Response) -> str:
    """Where an upload goes on, as a client finds it."""
    assert answer.status_code == 201, answer.text
    return str(answer.url.join(answer.headers["location"]))


def send(page: Page, place: str, offset: int, data: bytes) -> httpx.Response:
    """Send some bytes."""
    return page.browser.patch(place, content=data, headers=PATCHING | {"Upload-Offset": str(offset)})


def arrived(page: Page) -> dict[str, bytes]:
    """The files in the watched folder."""
    inbox = page.config.folders[0].input
    return {str(path.relative_to(inbox)): path.read_bytes() for path in inbox.rglob("*") if path.is_file()}


def test_a_file_comes_in_parts(page: Page) -> None:
    """Its bytes are hidden until it is whole; where it goes on can be asked; another of its name keeps its own."""
    for name in ("Album/a.jpg", "Album/a (2).jpg"):
        place = place_of(begin(page, "Album/a.jpg", 6))
        assert send(page, place, 0, b"abc").headers["upload-offset"] == "3"
        assert name not in arrived(page)
        assert send(page, place, 0, b"abc").status_code == 409
        assert page.browser.head(place).headers["upload-offset"] == "3"
        assert send(page, place, 3, b"def").status_code == 204
        assert arrived(page)[name] == b"abcdef"
        assert page.browser.head(place).status_code == 404
    assert set(arrived(page)) == {"Album/a.jpg", "Album/a (2).jpg"}
    assert "termination" in page.browser.options("/api/v1/uploads").headers["tus-extension"]


def test_a_connection_that_breaks_off_loses_nothing(page: Page) -> None:
    """What has come is kept; what never came is not in the file."""
    place = place_of(begin(page, "a.jpg", 10))
    path = place.partition(page.address)[2]
    head = [f"PATCH {path} HTTP/1.1", f"Host: 127.0.0.1:{page.port}", f"Authorization: Bearer {page.credentials.token}"]
    head += ["Content-Length: 10", "Upload-Offset: 0", "Content-Type: application/offset+octet-stream"]
    with socket.create_connection(("127.0.0.1", page.port), timeout=TIMEOUT) as client:
        client.sendall("\r\n".join(head).encode() + b"\r\n\r\nabcd")
        until(lambda: page.browser.head(place).headers["upload-offset"] == "4")
        assert send(page, place, 4, b"efghij").status_code == 423
    until(lambda: send(page, place, 4, b"efghij").status_code == 204)
    assert arrived(page) == {"a.jpg": b"abcdefghij"}


def test_what_does_not_fit_is_refused_before_it_is_sent(make_page: Callable[..., Page]) -> None:
    """A file beyond the limit, and one for which there is no room; more bytes than were said are not taken."""
    page = make_page(upload_mib=1)
    assert begin(page, "a.jpg", (1 << 20) + 1).status_code == 413
    place = place_of(begin(page, "a.jpg", 3))
    assert send(page, place, 0, b"abcd").status_code == 413
    assert page.browser.delete(place).status_code == 204
    assert arrived(page) == {}


def test_a_disk_without_room_is_said(make_page: Callable[..., Page]) -> None:
    """Larger than any disk."""
    page = make_page(upload_mib=1 << 40)
    answer = begin(page, "a.jpg", 1 << 58)
    assert answer.status_code == 507
    assert "free space" in answer.json()["error"]


def test_a_disk_that_fills_up_keeps_what_has_come(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """The upload goes on later."""
    place = place_of(begin(page, "a.jpg", 4))

    def full(_file: object, _data: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as filled:
        filled.setattr(uploads, "_write_all", full)
        assert send(page, place, 0, b"abcd").status_code == 507
    assert send(page, place, 0, b"abcd").status_code == 204
    assert arrived(page) == {"a.jpg": b"abcd"}


def test_a_name_that_cannot_be_kept_is_refused(page: Page) -> None:
    """Or one that the folder ignores."""
    for name in ("", ".", "..", "../..", "/", "\0", "x" * 300, "a/" * 30 + "b", ".hidden.jpg", "a.part"):
        assert begin(page, name, 1).status_code in {403, 422}, name
    assert arrived(page) == {}


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("..\\..\\windows\\x.jpg", "windows/x.jpg"),
        ("a/./b/../c.jpg", "a/b/c.jpg"),
        ("<b>\n\x1b[31m.jpg", "<b>[31m.jpg"),
        ("Großmutter 1912.jpg", "Großmutter 1912.jpg"),
        ("Screenshot 3.45\u202fPM.png", "Screenshot 3.45\u202fPM.png"),
    ],
)
def test_no_name_leads_out_of_the_folder(name: str, path: str) -> None:
    """Whatever separates its parts."""
    assert str(safe_path(name)) == path


def test_no_link_leads_out_of_the_folder(page: Page, tmp_path: Path) -> None:
    """A link in the watched folder is no way to write elsewhere, unless links are followed there."""
    (tmp_path / "elsewhere").mkdir()
    (page.config.folders[0].input / "album").symlink_to(tmp_path / "elsewhere")
    answer = begin(page, "album/a.jpg", 0)
    assert answer.status_code == 422
    assert "links: follow" in answer.json()["error"]
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_no_id_leads_elsewhere(page: Page) -> None:
    """Neither a path nor a name of a file; other folders than the watched ones are unknown."""
    for number in ("..%2f..%2ftoken", "token", "0" * 32, "%00"):
        assert page.browser.head(f"/api/v1/uploads/{number}").status_code == 404
    assert begin(page, "a.jpg", 1, folder="/etc").status_code == 422
    with pytest.raises(UploadError):
        asyncio.run(uploads.Uploads(page.config).find("../token"))


def test_a_folder_that_cannot_be_written_turns_uploads_off(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page says so, and everything else works."""
    may = os.access
    inbox = page.config.folders[0].input
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != inbox and may(path, mode))
    assert begin(page, "a.jpg", 1).status_code == 403
    assert "read-only" in page.browser.get("/drop").text


def test_another_version_of_the_protocol_is_refused(page: Page) -> None:
    """With the one that is spoken here; so are headers that make no sense."""
    answer = page.browser.post("/api/v1/uploads", headers={"Tus-Resumable": "0.2.0", "Upload-Length": "1"})
    assert (answer.status_code, answer.headers["tus-version"]) == (412, "1.0.0")
    for headers in ({}, {"Upload-Length": "-1"}, {"Upload-Length": "1", "Upload-Metadata": "filename §"}):
        assert (
            page.browser.post("/api/v1/uploads", headers={k: v.encode() for k, v in headers.items()}).status_code == 400
        )
    place = place_of(begin(page, "a.jpg", 4))
    assert page.browser.patch(place, content=b"x", headers={"Upload-Offset": "0"}).status_code == 415
