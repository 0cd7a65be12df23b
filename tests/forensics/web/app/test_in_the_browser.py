"""The page as people use it: a real Chromium clicks through the three tabs of a real server."""

import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from watermark import CredentialState, read_provenance

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.slow
PATIENCE = 240_000
"""Milliseconds that a busy machine is given for one piece of work."""


@pytest.fixture(scope="module")
def served(tmp_path_factory, deployment, tiny_corpus):
    """Start the page as a user does, and stop it from the keyboard."""
    folder = tmp_path_factory.mktemp("page")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # A background process of a script does not hear the keyboard; the page must.
    start = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from forensics.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", start, "app", "--port", str(port), "--max-upload", "3MB"]
    command += ["--home", str(deployment.store.path.parent), "--corpora", str(tiny_corpus.root.parent)]
    command += ["--results", str(folder / "results")]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(folder)}
    ) as page:
        line = page.stderr.readline()
        assert f"the page is at http://127.0.0.1:{port}/" in line, line
        wait_for(lambda: answers(port))
        yield port, folder
        page.send_signal(signal.SIGINT)
        assert page.wait(60) in (0, 130)
        assert "Traceback" not in page.stderr.read()
    assert list(folder.glob("facetrail-app-*")) == []


def answers(port):
    try:
        return ask(port, "GET", "/")[0] == 200
    except ConnectionRefusedError:
        return False


def wait_for(condition, seconds=PATIENCE / 1000):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def ask(port, method, path, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def test_no_file_of_the_server_can_be_reached(served, deployment):
    port, folder = served
    for path in ("/etc/passwd", str(deployment.store.path), str(folder), str(Path(__file__)), "../../etc/passwd"):
        for address in (f"/gradio_api/file={quote(path)}", f"/gradio_api/file={quote(path, safe='')}"):
            status, body = ask(port, "GET", address)
            assert status in (403, 404), (address, body[:100])
    for address in ("/assets/..%2f..%2froutes.py", "/static/%2e%2e/%2e%2e/routes.py", "/svelte/..%2f..%2fblocks.py"):
        assert ask(port, "GET", address)[0] in (400, 403, 404), address


def test_a_path_of_the_server_is_no_upload(served):
    port, folder = served
    config = json.loads(ask(port, "GET", "/config")[1])
    files = {one["id"]: one["props"] for one in config["components"] if one["type"] == "file"}
    taking = [one for one in config["dependencies"] if one["inputs"] and one["inputs"][0] in files]
    assert taking
    secret = folder / "secret.png"
    secret.write_text("secret")
    for one in taking:
        named = {"path": str(secret), "meta": {"_type": "gradio.FileData"}}
        several = files[one["inputs"][0]]["file_count"] == "multiple"
        data = [[named] if several else named, *[None] * (len(one["inputs"]) - 1)]
        body = json.dumps({"data": data, "fn_index": one["id"], "session_hash": "other"})
        status, found = ask(port, "POST", "/gradio_api/run/predict", body, content_type="application/json")
        assert (status, found) == (400, b"a file is uploaded, not named by a path or an address")


def test_an_upload_over_the_limit_is_refused(served):
    port, _ = served
    status, body = ask(port, "POST", "/gradio_api/upload", b"x" * 3_000_001)
    assert status == 413
    assert b"--max-upload" in body


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_the_three_tabs_in_a_real_browser(served, deployment, tmp_path):
    from playwright.sync_api import sync_playwright

    port, folder = served
    complaints, foreign = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: message.type == "error" and complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: is_foreign(request.url, port) and foreign.append(request.url))
        page.goto(f"http://127.0.0.1:{port}/")
        sealed = animate(page, deployment, tmp_path)
        examine(page, sealed, tmp_path)
        evaluate(page, folder)
        assert complaints == []
        assert foreign == []
        (kept,) = folder.glob("facetrail-app-*")
        assert list(kept.glob("visit-*"))
        browser.close()
        wait_for(lambda: not list(kept.glob("visit-*")))
        assert not list(kept.rglob(sealed.name))


def is_foreign(address, port):
    parts = urlsplit(address)
    return parts.scheme not in ("data", "blob") and parts.netloc != f"127.0.0.1:{port}"


def animate(page, deployment, folder):
    """Choose another avatar, pose it, animate it, save the result; return the saved file."""
    head = page.locator("#head img")
    head.wait_for()
    first = head.get_attribute("src")
    page.locator("button#other").click()
    page.wait_for_function("first => document.querySelector('#head img')?.src !== first", arg=first)
    page.get_by_label("hold the pose of the sliders (a picture)").click()
    before = head.get_attribute("src")
    page.locator('input[type="range"]:visible').first.fill("30")
    page.wait_for_function("before => document.querySelector('#head img')?.src !== before", arg=before)
    page.locator("button#animate").click()
    link = page.locator("#animated .ft-download")
    link.wait_for()
    with page.expect_download() as saving:
        link.click()
    saved = folder / saving.value.suggested_filename
    saving.value.save_as(saved)
    found = read_provenance(saved, deployment)
    assert found.credential.state is CredentialState.TRUSTED
    assert saved.name == f"facetrail-{found.mark.id}.png"
    shown = page.locator("#animated .ft-hash").inner_text()
    assert hashlib.sha256(saved.read_bytes()).hexdigest() == shown
    return saved


def examine(page, sealed, folder):
    """Examine the sealed file and one whose name would be HTML; save the answers."""
    hostile = folder / "<img src=x onerror=alert(1)>${alert(1)}.png"
    hostile.write_bytes(b"no picture")
    page.get_by_role("tab", name="Examine").click()
    page.locator("#files input[type=file]").set_input_files([sealed, hostile])
    page.locator("#files tr").nth(1).wait_for()
    page.locator("button#examine").click()
    page.locator("#examined article").nth(1).wait_for()
    assert page.locator("#examined .ft-finding").all_inner_texts() == ["Declared", "Not examined"]
    assert "says that a machine made" in page.locator("#examined article").first.inner_text()
    assert page.locator("#examined img[src=x]").count() == 0
    page.get_by_text("What the file says about itself").click()
    assert "a model was given this file" in page.locator("#examined .ft-tree").inner_text()
    with page.expect_download() as saving:
        page.locator("#examined .ft-download").click()
    first, second = json.loads(Path(saving.value.path()).read_text())["results"]
    assert (first["finding"], first["path"]) == ("declared", sealed.name)
    assert "error" in second


def evaluate(page, folder):
    """Evaluate the shipped detector, see the report, open it again from the list."""
    page.get_by_role("tab", name="Evaluate").click()
    page.locator("button#evaluate").click()
    page.locator("#evaluated .ft-card, #evaluated .ft-notice").first.wait_for()
    assert page.locator("#evaluated .ft-notice").all_inner_texts() == []
    assert "auc" in page.frame_locator("#evaluated iframe").locator("body").inner_text().lower()
    (kept,) = (folder / "results").iterdir()
    page.locator("button#reopen").click()
    page.locator("#evaluated", has_text=kept.name).wait_for()
