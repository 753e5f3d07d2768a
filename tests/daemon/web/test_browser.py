"""Tests of the page in a real browser: what a person does with it, from the first visit on, and what axe says of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright
from playwright.sync_api import Page as Tab

from benchmarks.web import fill
from tests.assets.films import Film, write_film
from tests.assets.pictures import write_grey
from tests.assets.ports import reserved_port
from tests.conftest import TIMEOUT, Daemon
from tests.daemon.web.conftest import Page
from tests.daemon.web.test_supervisor import until

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin")
AXE = Path(__file__).parents[2] / "assets" / "axe" / "axe.min.js"
PLACES = ("", "done", "failed", "failed?state=skipped", "drop", "settings", "api", "jobs/1", "jobs/2", "jobs/2/again")
ALL_SHOWN = "Array.from(document.querySelectorAll('.compare img')).every(one => one.naturalWidth > 0)"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
expect.set_options(timeout=TIMEOUT * 1000)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The distribution's Chromium."""
    with sync_playwright() as playwright:
        # /dev/shm is small in containers.
        options = ["--no-sandbox", "--disable-dev-shm-usage"]
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=options, timeout=TIMEOUT * 1000)
        yield made
        made.close()


@contextmanager
def opened(browser: Browser, address: str, **options: Any) -> Iterator[Tab]:  # noqa: ANN401 (Playwright's)
    """A window on the page; at its end, no script has failed and no request has gone elsewhere."""
    context: BrowserContext = browser.new_context(**options)
    context.set_default_timeout(TIMEOUT * 1000)
    tab = context.new_page()
    wrong: list[str] = []
    origin = "/".join(address.split("/")[:3])
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
    tab.on("request", lambda sent: None if sent.url.startswith((origin, "blob:")) else wrong.append(sent.url))
    yield tab
    context.close()
    assert wrong == []


def check_all(tab: Tab, root: str, places: Sequence[str] = PLACES) -> None:
    """Look at pages with axe; neither at a desk's width nor at a phone's does anything stick out."""
    for place in places:
        tab.goto(root + place)
        for width in (1280, 360):
            tab.set_viewport_size({"width": width, "height": 800})
            wide = tab.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{place} is {wide} wide"
        found = tab.evaluate(f"(async () => {{ {AXE.read_text()}; return await axe.run(); }})()")
        assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == [], place


def test_a_person_drops_a_photograph_and_a_film(
    daemon: Daemon, serve: Callable[..., str], browser: Browser, tmp_path: Path
) -> None:
    """A first visit; both are dropped, are done, slide and play; a failed one is tried again; pause and resume."""
    photograph, film = write_grey(tmp_path / "grand mother.png"), write_film(tmp_path / "film.mp4", Film(frames=30))
    broken = tmp_path / "broken.png"
    broken.write_bytes(photograph.read_bytes()[:600])
    daemon.settings["work"]["attempts"] = 1
    link = serve()
    root = link.partition("login")[0]
    with opened(browser, root) as tab:
        tab.goto(root)
        expect(tab.get_by_label("Token")).to_be_visible()
        check_all(tab, root, ("", "login?link=used"))
        tab.goto(link)
        expect(tab.get_by_role("heading", name="Nothing has been coloured yet")).to_be_visible()
        expect(tab.get_by_text(str(daemon.inbox), exact=True)).to_be_visible()

        tab.get_by_role("button", name="Pause", exact=True).click()
        expect(tab.get_by_role("heading", name="Paused")).to_be_visible()
        tab.get_by_role("link", name="Drop", exact=True).click()
        tab.wait_for_url("**/drop")
        tab.set_input_files("#files", [photograph, film, broken])
        expect(tab.get_by_text("uploaded")).to_have_count(3)
        tab.get_by_role("link", name="Now").click()
        expect(tab.get_by_role("button", name="Move film.mp4 to the front")).to_be_visible()
        tab.get_by_role("button", name="Resume").click()
        expect(tab.locator(".tile")).to_have_count(2)

        tab.get_by_role("link", name="Done").click()
        tab.get_by_label("Name").fill("GRAND")
        tab.get_by_role("button", name="Search").click()
        tab.locator(".tile").click()
        slider = tab.get_by_role("slider")
        expect(slider).to_be_visible()
        slider.focus()
        tab.keyboard.press("End")
        assert tab.locator("[data-compare]").evaluate("one => one.style.getPropertyValue('--part')") == "100%"
        until(lambda: tab.evaluate(ALL_SHOWN))

        colour_again(tab)

        tab.goto(f"{root}done?q=film")
        tab.locator(".tile").click()
        expect(tab.locator("video")).to_have_count(2)
        tab.locator("video").first.evaluate("one => { one.muted = true; return one.play(); }")
        plays = "Array.from(document.querySelectorAll('video')).every(one => one.currentTime > 0.1)"
        until(lambda: tab.evaluate(plays))

        tab.goto(f"{root}failed")
        expect(tab.locator(".reason")).to_contain_text("broken.png")
        (daemon.inbox / "broken.png").write_bytes(photograph.read_bytes())
        daemon.wait_for(done=3)
        check_all(tab, root)


def colour_again(tab: Tab) -> None:
    """Try other settings for the photograph that is shown, look at both, and have it coloured with them."""
    tab.get_by_role("link", name="Colour again").click()
    tab.get_by_label("Vividness").fill("1")
    tab.get_by_role("button", name="Try").click()
    expect(tab.get_by_alt_text("The present result")).to_be_visible()
    until(lambda: tab.evaluate(ALL_SHOWN))
    tab.get_by_role("button", name="Colour again with these settings").click()
    expect(tab.get_by_text("vividness 1.0")).to_be_visible()


def test_files_and_a_folder_are_dragged_onto_the_page(page: Page, browser: Browser, tmp_path: Path) -> None:
    """Each file arrives with its path, but for those that systems hide; one that is cut off goes on where it was."""
    album = tmp_path / "Album 1912"
    (album / "inner").mkdir(parents=True)
    for name in ("a.jpg", "inner/b.jpg", ".DS_Store"):
        (album / name).write_bytes(name.encode())
    single = tmp_path / "Großmutter.jpg"
    single.write_bytes(os.urandom(3 << 20))
    with opened(browser, page.address) as tab:
        tab.goto(f"{page.address}/login?link={page.credentials.make_link(time.time())}")
        tab.goto(f"{page.address}/drop")
        drag(tab, single, album)
        expect(tab.get_by_text("uploaded")).to_have_count(3)
        expect(tab.locator(".zone.over")).to_have_count(0)
        inbox = page.config.folders[0].input
        arrived = {str(path.relative_to(inbox)): path.read_bytes() for path in inbox.rglob("*") if path.is_file()}
        assert arrived == {
            "Großmutter.jpg": single.read_bytes(),
            "Album 1912/a.jpg": b"a.jpg",
            "Album 1912/inner/b.jpg": b"inner/b.jpg",
        }


@pytest.mark.slow
def test_one_is_found_among_a_hundred_thousand(page: Page, browser: Browser) -> None:
    """By its name; page by page, all are reached, each once; other states and days are found, too."""
    fill(page.config, 100_000)
    with opened(browser, page.address) as tab:
        tab.goto(f"{page.address}/login?link={page.credentials.make_link(time.time())}")
        tab.goto(f"{page.address}/done")
        expect(tab.get_by_text("89,998 files")).to_be_visible()
        first = tab.locator(".tile").all_inner_texts()
        tab.get_by_role("link", name="Older").click()
        expect(tab.get_by_role("link", name="Newest")).to_be_visible()
        second = tab.locator(".tile").all_inner_texts()
        assert len(first) == len(second) == 48
        assert not set(first) & set(second)

        tab.get_by_label("Name").fill("PICTURE 77776")
        tab.get_by_role("button", name="Search").click()
        expect(tab.locator(".tile")).to_have_count(1)
        expect(tab.locator(".tile")).to_contain_text("picture 77776.jpg")
        tab.get_by_text("More").click()
        tab.get_by_label("State").select_option("skipped")
        tab.get_by_label("Name").fill("/picture 99")
        tab.get_by_role("button", name="Search").click()
        expect(tab.get_by_role("heading", name="Skipped")).to_be_visible()
        expect(tab.locator(".tile").first).to_contain_text("picture 99999.jpg")
        check_all(tab, f"{page.address}/", ("done", "done?state=skipped", "failed", ""))


def drag(tab: Tab, *paths: Path) -> None:
    """Drag files and folders from outside of the browser onto the middle of the page, and drop them there."""
    box = tab.locator(".zone").bounding_box()
    assert box is not None
    place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    protocol = tab.context.new_cdp_session(tab)
    for kind in ("dragEnter", "dragOver"):
        protocol.send("Input.dispatchDragEvent", {"type": kind, **place, "data": data})
    expect(tab.locator(".zone.over")).to_be_visible()
    protocol.send("Input.dispatchDragEvent", {"type": "drop", **place, "data": data})


@pytest.mark.slow
def test_reading_needs_no_script(daemon: Daemon, serve: Callable[..., str], browser: Browser) -> None:
    """Logging in, the pages, a result and pausing work without JavaScript."""
    write_grey(daemon.inbox / "a.png")
    link = serve()
    daemon.wait_for(done=1)
    root = link.partition("login")[0]
    with opened(browser, root, java_script_enabled=False, color_scheme="dark") as tab:
        tab.goto(link)
        expect(tab.get_by_role("heading", name="Waiting for files")).to_be_visible()
        tab.get_by_role("link", name="a.png").click()
        expect(tab.get_by_alt_text("In colour")).to_be_visible()
        tab.get_by_role("link", name="Now").click()
        tab.get_by_role("button", name="Pause for 30 minutes").click()
        expect(tab.get_by_text("until")).to_be_visible()


@pytest.mark.skipif(NGINX is None, reason="there is no nginx here")
def test_it_works_behind_nginx(serve: Callable[..., str], browser: Browser, tmp_path: Path) -> None:
    """Under a path of its own, with events and uploads."""
    link = serve(root_path="/pictures", trusted_proxies=["127.0.0.1"])
    page = link.partition("/login")[0]
    with reserved_port() as port, nginx(tmp_path, port, page) as address, opened(browser, address) as tab:
        tab.goto(f"{address}/pictures/{link.rpartition('/')[2]}")
        expect(tab.get_by_role("heading", name="Nothing has been coloured yet")).to_be_visible()
        tab.get_by_role("link", name="Drop", exact=True).click()
        tab.wait_for_url("**/drop")
        tab.set_input_files("#files", write_grey(tmp_path / "a.png"))
        expect(tab.get_by_text("uploaded")).to_be_visible()
        tab.get_by_role("link", name="Now").click()
        expect(tab.locator(".tile img")).to_be_visible()
        tab.get_by_role("button", name="Pause", exact=True).click()
        expect(tab.get_by_role("heading", name="Paused")).to_be_visible()
        assert tab.url.rstrip("/") == f"{address}/pictures"


@contextmanager
def nginx(root: Path, port: int, page: str) -> Iterator[str]:
    """A real nginx that shows the page under /pictures/, as docs/web.md says."""
    assert NGINX is not None
    folder = root / "nginx"
    folder.mkdir()
    (folder / "nginx.conf").write_text(f"""
        daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log; user root;
        events {{}}
        http {{
            access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
            fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
            server {{
                listen 127.0.0.1:{port};
                location /pictures/ {{
                    proxy_pass {page}/;
                    proxy_set_header X-Forwarded-Host $http_host;
                    proxy_set_header X-Forwarded-Proto $scheme;
                    client_max_body_size 0;
                    proxy_request_buffering off;
                }}
            }}
        }}""")
    with subprocess.Popen([NGINX, "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]) as process:
        try:
            until((folder / "pid").exists)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
