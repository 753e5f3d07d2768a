"""Tests of daemon/web/site/guard.py: strangers, other sites and other names are refused by a page that is served."""

from collections.abc import Callable

import httpx
import pytest

from daemon.web.site.guard import HEADERS, host_name
from daemon.web.site.places import own_place
from tests.daemon.web.conftest import Page, enter_file

PAGES = ["/", "/done", "/failed", "/jobs/1", "/jobs/1/preview/after.jpg", "/jobs/1/download"]
CHANGES = ["/actions", "/logout", "/jobs/1/clips"]


def test_a_stranger_is_asked_to_log_in(page: Page) -> None:
    """Whatever page is asked for; afterwards it is shown."""
    with page.stranger() as stranger:
        for path in PAGES:
            answer = stranger.get(path)
            assert answer.status_code == 303, path
            assert "login?next=" in answer.headers["location"]
        assert stranger.get("/api/v1/status").status_code == 401
        for path in CHANGES:
            assert stranger.post(path, headers={"Origin": page.address}).status_code == 401
        assert stranger.get("/healthz").json() == {"status": "healthy"}
        wrong = stranger.post("/login", data={"token": "wrong"}, headers={"Origin": page.address})
        assert wrong.status_code == 403
        assert not stranger.cookies
        right = stranger.post(
            "/login?x", data={"token": page.credentials.token, "next": "done?q=a"}, headers={"Origin": page.address}
        )
        assert right.headers["location"] == "./done?q=a"
        flags = right.headers["set-cookie"].lower()
        assert "httponly" in flags
        assert "samesite=strict" in flags
        assert stranger.get("/done").status_code == 200


def test_a_link_logs_in_once(page: Page) -> None:
    """The second time, the login page says why it does not."""
    link = page.credentials.make_link(0)
    with page.stranger() as first, page.stranger() as second:
        assert first.get(f"/login?link={link}").status_code == 303
        assert first.get("/done").status_code == 200
        again = second.get(f"/login?link={link}")
        assert "has been used" in again.text
        assert second.get("/done").status_code == 303


def test_a_program_sends_the_token(page: Page) -> None:
    """It needs no cookie and no origin; a wrong token is refused."""
    with page.stranger(headers={"Authorization": f"Bearer {page.credentials.token}"}) as program:
        assert program.get("/api/v1/status").status_code == 200
        assert program.post("/actions", data={"do": "resume"}).status_code == 503  # no service runs
    with page.stranger(headers={"Authorization": "Bearer nothing"}) as program:
        assert program.get("/api/v1/status").status_code == 401


def test_a_change_that_another_site_asks_for_is_refused(page: Page) -> None:
    """Whether its origin is named or hidden; a cookie alone is not enough."""
    for origin in ("https://evil.example", "null", f"http://127.0.0.1:{page.port + 1}", page.address + ".evil.example"):
        for path in CHANGES:
            assert page.browser.post(path, headers={"Origin": origin}).status_code == 403
    del page.browser.headers["Origin"]
    assert page.browser.post("/actions", data={"do": "resume"}).status_code == 403
    same = {"Sec-Fetch-Site": "same-origin"}
    assert page.browser.post("/actions", data={"do": "resume"}, headers=same).status_code == 503


def test_a_name_that_leads_here_by_a_trick_is_refused(page: Page) -> None:
    """DNS rebinding: the browser believes that it talks to another site."""
    for host in ("evil.example", "evil.example:8470", "127.0.0.1.evil.example", "localhost:1@evil.example", ""):
        assert page.browser.get("/", headers={"Host": host}).status_code == 421, host


def test_own_names_are_known(make_page: Callable[..., Page]) -> None:
    """This machine's, its numbers, and those of the configuration."""
    page = make_page(hosts=["Pictures.example"])
    for host in (f"localhost:{page.port}", f"[::1]:{page.port}", "192.168.1.7", "pictures.example"):
        assert page.browser.get("/", headers={"Host": host}).status_code == 200, host
    assert host_name("[::1]:80") == "::1"


def test_every_answer_protects_its_reader(page: Page) -> None:
    """No page can be framed, run foreign scripts, or be taken for another type."""
    enter_file(page.config, "a.jpg")
    with page.stranger() as stranger:
        answers = [stranger.get("/login"), stranger.get("/done"), stranger.get("/api/v1/status")]
    answers += [page.browser.get(path) for path in (*PAGES, "/nothing", "/static/style.css", "/api/v1/jobs")]
    for answer in answers:
        assert HEADERS.items() <= dict(answer.headers.items()).items() | HEADERS.items()
        for name, value in HEADERS.items():
            assert answer.headers[name] == value
    assert "unsafe" not in HEADERS["Content-Security-Policy"]


def test_a_path_of_a_proxy_is_taken_off(make_page: Callable[..., Page]) -> None:
    """A proxy may pass on the path under which it shows the page, or take it off itself."""
    page = make_page(root_path="/pictures")
    cookie = page.browser.cookies.jar
    assert all(one.path == "/pictures" for one in cookie)
    page.browser.headers["Cookie"] = "; ".join(f"{one.name}={one.value}" for one in cookie)
    for path in ("/pictures/done", "/done"):
        answer = page.browser.get(path)
        assert answer.status_code == 200
        assert 'href="./static/style.css' in answer.text
    assert page.browser.get("/pictures").status_code == 200


def test_a_trusted_proxy_names_the_user(make_page: Callable[..., Page]) -> None:
    """Its header logs in, and it has checked the host; the same header from elsewhere is nothing."""
    trusted = make_page(users_header="X-User", trusted_proxies=["127.0.0.0/8"])
    with trusted.stranger(headers={"X-User": "anna", "Host": "pictures.example"}) as anna:
        assert anna.get("/done").status_code == 200
        origin = {"Origin": "https://pictures.example"}
        assert anna.post("/actions", data={"do": "resume"}, headers=origin).status_code == 503
        assert anna.post("/actions", data={"do": "resume"}, headers={"Origin": "https://x.example"}).status_code == 403
    other = make_page(users_header="X-User", trusted_proxies=["192.0.2.0/24"])
    with other.stranger(headers={"X-User": "anna"}) as nobody:
        assert nobody.get("/done").status_code == 303


def test_the_token_is_in_no_log(page: Page, capfd: pytest.CaptureFixture[str]) -> None:
    """Nor in an answer, whatever is asked."""
    for path in ("/", "/done", f"/login?next={page.credentials.token}", "/nothing", "/jobs/99999999999999999999"):
        page.browser.get(path)
    with page.stranger(headers={"Authorization": f"Bearer {page.credentials.token}"}) as program:
        program.get("/nothing")
    written = capfd.readouterr()
    assert page.credentials.token not in written.out + written.err


def test_no_path_leads_out_of_the_static_files(page: Page) -> None:
    """However its dots are written."""
    for path in ("/static/../site.py", "/static/%2e%2e/site.py", "/static//etc/passwd", "/static/..%2f"):
        request = httpx.Request("GET", page.address)
        request.url = httpx.URL(page.address).copy_with(raw_path=path.encode())
        assert page.browser.send(request).status_code in {303, 404}, path


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/done", "../x", "a//b", "javascript:x", "é"]
)
def test_a_login_leads_nowhere_else(target: str) -> None:
    """Only to places inside the page."""
    assert own_place(target) == ""
