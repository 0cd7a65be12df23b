"""Files reach the browser byte for byte, by token, and what could act is shut in."""

import asyncio

import pytest
from starlette.applications import Starlette

from forensics.web.app.downloads import routes


def fetch(sessions, path, **headers):
    sent = []

    async def receive():
        await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    lines = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": lines}
    asyncio.run(Starlette(routes=routes(sessions))(scope, receive, send))
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], found, b"".join(one.get("body", b"") for one in sent)


@pytest.fixture
def offer(sessions):
    def put(name, content):
        path = sessions.of("tab").new_folder() / name
        path.write_bytes(content)
        return sessions.of("tab").offer(path)

    return put


def test_a_file_is_saved_as_it_lies_on_the_disk(sessions, offer):
    content = bytes(range(256)) * 300
    status, headers, body = fetch(sessions, f"/download/{offer('facetrail-abc.mp4', content)}")
    assert (status, body) == (200, content)
    assert headers["content-disposition"] == 'attachment; filename="facetrail-abc.mp4"'
    assert headers["content-type"] == "application/octet-stream"


def test_a_clip_can_be_sought_in(sessions, offer):
    status, headers, body = fetch(sessions, f"/show/{offer('clip.mp4', b'0123456789')}", range="bytes=2-4")
    assert (status, body, headers["content-range"]) == (206, b"234", "bytes 2-4/10")


def test_a_report_may_run_its_scripts_and_reach_nothing(sessions, offer):
    _, headers, _ = fetch(sessions, f"/show/{offer('report.html', b'<script>1</script>')}")
    policy = headers["content-security-policy"]
    assert policy.startswith("sandbox allow-scripts allow-downloads; default-src 'none';")
    assert "allow-same-origin" not in policy
    assert headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("name", ["page.svg", "page.xhtml", "archive.zip", "none"])
def test_what_is_not_known_to_be_harmless_is_saved_and_not_shown(name, sessions, offer):
    _, headers, _ = fetch(sessions, f"/show/{offer(name, b'x')}")
    assert headers["content-type"] == "application/octet-stream"
    assert headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize("token", ["none", "..", "%2e%2e", "tab"])
def test_without_a_token_nothing_is_found(token, sessions, offer):
    offer("secret.png", b"secret")
    assert fetch(sessions, f"/download/{token}")[0] == 404


def test_a_closed_page_takes_its_files_with_it(sessions, offer):
    token = offer("result.png", b"x")
    sessions.leave("tab")
    status, _, body = fetch(sessions, f"/download/{token}")
    assert status == 404
    assert b"deleted when the page is closed" in body
