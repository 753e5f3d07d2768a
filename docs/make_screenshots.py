"""Takes the pictures of the web page for the README: `python -m docs.make_screenshots LINK`.

LINK is one that logs in (`tintd web --link`), of a service that has coloured the pictures of `demo/`, and is colouring
a film of which a segment is finished. The script needs Chromium and Playwright.
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

_HERE = Path(__file__).parent
_RESULT = "astronaut"
"""A part of the name of the photograph that is shown."""
_PATIENCE = 180_000.0
"""Milliseconds within which pictures are made and loaded, and a segment of the film is finished."""
_SIZE = {"width": 960, "height": 640}
_ALL_LOADED = "Array.from(document.images).every(one => one.complete && one.naturalWidth > 0)"


def main(link: str) -> None:
    """Write `web-light.jpg`, a result, and `web-dark.jpg`, what the service is doing."""
    root = link.partition("login")[0]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        state = None
        for scheme in ("light", "dark"):
            context = browser.new_context(viewport=_SIZE, color_scheme=scheme, storage_state=state)
            context.set_default_timeout(_PATIENCE)
            tab = context.new_page()
            if state is None:
                tab.goto(link)
                state = context.storage_state()
            _show_result(tab, root) if scheme == "light" else _show_work(tab, root)
            tab.wait_for_function(_ALL_LOADED)
            _save(tab.screenshot(), _HERE / f"web-{scheme}.jpg")
            context.close()
        browser.close()


def _show_result(tab: Page, root: str) -> None:
    tab.goto(f"{root}done?q={_RESULT}")
    tab.locator(".tile").first.click()
    tab.locator(".compare.slides").wait_for()


def _show_work(tab: Page, root: str) -> None:
    tab.goto(root)
    tab.locator(".latest").first.wait_for()


def _save(png: bytes, path: Path) -> None:
    """A screenshot as a small JPEG."""
    Image.open(io.BytesIO(png)).convert("RGB").save(path, quality=86, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1])
