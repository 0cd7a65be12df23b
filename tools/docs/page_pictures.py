"""Photograph the Animate tab for docs/images/app-animate.png, in a real browser that uses it as a person does.

Chromium and playwright are needed: `python -m tools.docs.page_pictures [--source PICTURE] [--out FILE]`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess  # nosec B404 - it starts our own page
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

OUT = Path(__file__).parents[2] / "docs" / "images" / "app-animate.png"
PATIENCE = 900_000
"""Milliseconds that a busy machine is given for one piece of work."""


def free_port() -> int:
    """Return a port of this computer that nobody uses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def use(page: Page, source: Path | None) -> None:
    """Choose a face, move the sliders between two poses, and animate."""
    head = page.locator("#head img")
    head.wait_for()
    if source is not None:
        before = head.get_attribute("src")
        page.locator("#source input[type=file]").set_input_files(source)
        page.wait_for_function("before => document.querySelector('#head img')?.src !== before", arg=before)
    page.get_by_label("between two poses of the sliders").click()
    before = head.get_attribute("src")
    page.locator('input[type="range"]:visible').first.fill("-22")
    page.wait_for_function("before => document.querySelector('#head img')?.src !== before", arg=before)
    page.get_by_role("button", name="Keep as start").click()
    page.locator("button#animate").click()
    page.locator("#animated .ft-download").wait_for()
    page.wait_for_timeout(1500)


def main() -> None:
    """Start the page, use it, and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, help="picture to upload instead of the avatar")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        start = "import sys; from forensics.cli.main import main; sys.exit(main(sys.argv[1:]))"
        command = [sys.executable, "-c", start, "app", "--port", str(port), "--home", f"{folder}/home"]
        with subprocess.Popen(  # nosec B603 - our own command
            [*command, "--results", f"{folder}/results"], env={**os.environ, "TMPDIR": folder}
        ) as server:
            try:
                with sync_playwright() as playwright:
                    browser = playwright.chromium.launch(executable_path=browser_path)
                    page = browser.new_page(viewport={"width": 1200, "height": 1000})
                    page.set_default_timeout(PATIENCE)
                    open_patiently(page, f"http://127.0.0.1:{port}/")
                    use(page, options.source)
                    page.screenshot(path=str(options.out), full_page=True)
                    browser.close()
            finally:
                server.terminate()


def open_patiently(page: Page, address: str) -> None:
    """Open an address as soon as it answers."""
    end = time.monotonic() + PATIENCE / 1000
    while True:
        try:
            page.goto(address)
            return
        except Exception:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)


if __name__ == "__main__":
    main()
