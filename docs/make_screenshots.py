"""Takes the pictures of the web page for the README: `python -m docs.make_screenshots LINK`.

LINK is one that logs in (`tintd web --link`), of a service that has coloured the pictures of `demo/`;
`_RESULT` is the page of one of them. The script needs Chromium and Playwright.
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

_HERE = Path(__file__).parent
_RESULT = "jobs/6"
_SIZE = {"width": 960, "height": 640}


def main(link: str) -> None:
    """Write `web-light.jpg` and `web-dark.jpg`: a result, and the wall of all results."""
    root = link.partition("login")[0]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        state = None
        for scheme, place in (("light", _RESULT), ("dark", "done")):
            context = browser.new_context(viewport=_SIZE, color_scheme=scheme, storage_state=state)
            tab = context.new_page()
            if state is None:
                tab.goto(link)
                state = context.storage_state()
            tab.goto(root + place)
            while not tab.evaluate("Array.from(document.images).every(one => one.complete && one.naturalWidth > 0)"):
                tab.wait_for_timeout(100)
            _save(tab.screenshot(), _HERE / f"web-{scheme}.jpg")
            context.close()
        browser.close()


def _save(png: bytes, path: Path) -> None:
    """A screenshot as a small JPEG."""
    Image.open(io.BytesIO(png)).convert("RGB").save(path, quality=86, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1])
