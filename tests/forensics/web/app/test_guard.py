"""The guard, spoken to as a server speaks to it: what is refused never reaches the page."""

import asyncio
import json

import pytest

from forensics.web.app.guard import Guard, GuardConfig
from forensics.web.request_guard import allowed_hosts

PAGE = b"the page"


def ask(config, method, path, headers=(), chunks=(), query=""):
    """Return status, headers and body of an answer, and whether the page was reached."""
    reached = []

    async def page(scope, receive, send):
        reached.append(scope["path"])
        body, more = b"", True
        while more and scope["method"] == "POST":
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        allow = [(b"access-control-allow-origin", b"*"), (b"content-type", b"text/html")]
        await send({"type": "http.response.start", "status": 200, "headers": allow})
        await send({"type": "http.response.body", "body": PAGE + body})

    async def main():
        waiting = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
        waiting.append({"type": "http.request", "body": b"", "more_body": False})
        sent = []

        async def receive():
            return waiting.pop(0)

        async def send(message):
            sent.append(message)

        given = dict(headers)
        lines = [("host", "127.0.0.1:8720")] if "host" not in given else []
        lines += list(headers)
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in lines],
        }
        await Guard(page, config)(scope, receive, send)
        return sent

    sent = asyncio.run(main())
    found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], found, b"".join(one.get("body", b"") for one in sent), bool(reached)


OPEN = GuardConfig()
JOIN = "/gradio_api/queue/join"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8720", "LOCALHOST:1", "[::1]:8720"])
def test_the_page_answers_to_its_own_names(host):
    status, _, body, _ = ask(OPEN, "GET", "/", [("host", host)])
    assert (status, body) == (200, PAGE)


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8720", "", "[", "127.0.0.1@evil.example"]
)
def test_another_name_for_this_computer_is_refused(host):
    status, _, _, reached = ask(OPEN, "GET", "/", [("host", host)])
    assert status == 421
    assert not reached


def test_two_host_lines_are_refused():
    assert ask(OPEN, "GET", "/", [("host", "localhost"), ("host", "evil.example")])[0] == 421


@pytest.mark.parametrize(
    "headers",
    [
        [("origin", "https://evil.example")],
        [("origin", "null")],
        [("origin", "http://127.0.0.1:9999")],
        [("sec-fetch-site", "cross-site")],
        [("sec-fetch-site", "same-site")],
        [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")],
    ],
)
def test_a_foreign_site_cannot_make_the_page_do_anything(headers):
    status, _, _, reached = ask(OPEN, "POST", JOIN, headers, [b"{}"])
    assert status == 403
    assert not reached


def test_the_page_itself_may():
    headers = [("origin", "http://127.0.0.1:8720"), ("sec-fetch-site", "same-origin")]
    assert ask(OPEN, "POST", JOIN, headers, [b'{"data": ', b"[]}"])[:3:2] == (200, PAGE + b'{"data": []}')


def test_a_foreign_site_may_link_to_the_page_and_not_embed_it():
    link = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")]
    assert ask(OPEN, "GET", "/", [*link, ("sec-fetch-dest", "document")])[0] == 200
    assert ask(OPEN, "GET", "/", [*link, ("sec-fetch-dest", "iframe")])[0] == 403
    assert ask(OPEN, "GET", "/", [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")])[0] == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/gradio_api/proxy=https://evil.example/"),
        ("POST", "/gradio_api/vibe-edit"),
        ("GET", "/monitoring"),
        ("POST", "/gradio_api/run-history/connect"),
        ("POST", "/gradio_api/call/make"),
        ("POST", "/"),
        ("GET", "/docs"),
        ("GET", "/download/"),
        ("GET", "/download/../../etc/passwd"),
        ("GET", "/download/token/../../secret"),
        ("GET", "/assets/../../../etc/passwd"),
        ("GET", "/gradio_api/file=/var/../etc/passwd"),
        ("PUT", "/"),
        ("DELETE", "/gradio_api/upload"),
        ("OPTIONS", JOIN),
    ],
)
def test_only_what_the_page_needs_is_there(method, path):
    status, _, _, reached = ask(OPEN, method, path)
    assert status in (404, 405)
    assert not reached


def test_an_upload_over_the_limit_is_refused_by_its_length():
    small = GuardConfig(most_bytes=1000)
    status, _, body, reached = ask(small, "POST", "/gradio_api/upload", [("content-length", "1001")], [b"x"])
    assert (status, reached) == (413, False)
    assert b"--max-upload" in body


def test_an_upload_that_hides_its_length_is_stopped_while_it_arrives():
    small = GuardConfig(most_bytes=1000)
    assert ask(small, "POST", "/gradio_api/upload", [], [b"x" * 600, b"x" * 600])[0] == 413
    assert ask(small, "POST", "/gradio_api/upload", [("content-length", "5")], [b"x" * 1001])[0] == 413
    assert ask(small, "POST", "/gradio_api/upload", [], [b"x" * 1000])[0] == 200


def test_other_requests_are_small():
    status, _, _, reached = ask(OPEN, "POST", JOIN, [], [b'"' + b"x" * (4 << 20) + b'"'])
    assert (status, reached) == (413, False)


@pytest.mark.parametrize(
    "path",
    [
        "http://evil.example/x.png",
        " HTTPS://169.254.169.254/",
        "file:///etc/passwd",
        "/etc/passwd",
        "passwd",
        "",
        "{uploads}",
        "{uploads}/../secret.png",
        "{uploads}/link.png",
        "{uploads}\0.png",
    ],
)
def test_a_browser_names_no_file_but_its_uploads(path, tmp_path):
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    (tmp_path / "secret.png").write_text("secret")
    (uploads / "link.png").symlink_to(tmp_path / "secret.png")
    named = {"path": path.format(uploads=uploads), "meta": {"_type": "gradio.FileData"}}
    body = json.dumps({"data": [[named]]}).encode()
    status, _, _, reached = ask(GuardConfig(uploads=uploads), "POST", JOIN, [], [body])
    assert (status, reached) == (400, False)


def test_a_browser_names_its_uploads(tmp_path):
    (tmp_path / "picture.png").write_text("picture")
    body = json.dumps({"data": [[{"path": str(tmp_path / "picture.png")}]]}).encode()
    assert ask(GuardConfig(uploads=tmp_path), "POST", JOIN, [], [body])[0] == 200
    assert ask(OPEN, "POST", JOIN, [], [body])[0] == 400


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json_is_refused(body):
    status, _, _, reached = ask(OPEN, "POST", JOIN, [], [body])
    assert (status, reached) == (400, False)


def test_every_answer_keeps_the_browser_to_this_page():
    for status, path in ((200, "/"), (404, "/nothing")):
        found, headers, _, _ = ask(OPEN, "GET", path)
        assert found == status
        assert "access-control-allow-origin" not in headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "http" not in headers["content-security-policy"]


class TestToken:
    config = GuardConfig(("box.example",), 1 << 20, "secret")
    host = ("host", "box.example:8720")

    @pytest.mark.parametrize("query", ["", "token=", "token=wrong", "token=secre%74x"])
    def test_without_it_nothing_answers(self, query):
        status, headers, _, reached = ask(self.config, "GET", "/", [self.host], query=query)
        assert (status, reached) == (401, False)
        assert "set-cookie" not in headers
        assert ask(self.config, "GET", "/gradio_api/info", [self.host], query="token=secret")[0] == 401

    def test_it_is_shown_once_and_then_kept_in_a_cookie_of_this_site(self):
        status, headers, _, reached = ask(self.config, "GET", "/", [self.host], query="token=secret")
        assert (status, reached, headers["location"]) == (303, False, "/")
        assert "httponly" in headers["set-cookie"].lower()
        assert "samesite=strict" in headers["set-cookie"].lower()
        cookie = ("cookie", headers["set-cookie"].partition(";")[0])
        assert ask(self.config, "GET", "/", [self.host, cookie])[0] == 200
        assert ask(self.config, "GET", "/", [self.host, ("cookie", "facetrail_token=wrong")])[0] == 401
        assert ask(self.config, "GET", "/", [self.host, ("cookie", "\x00=;;")])[0] == 401


def test_a_stopped_guard_tells_endless_answers_that_the_browser_has_left():
    async def main():
        sent, seen = [], []

        async def heartbeat(scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            seen.append(await receive())

        async def never():
            await asyncio.Event().wait()

        async def send(message):
            sent.append(message)

        guard = Guard(heartbeat, OPEN)
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/",
            "query_string": b"",
            "headers": [(b"host", b"localhost")],
        }
        answer = asyncio.ensure_future(guard(scope, never, send))
        await asyncio.sleep(0)
        guard.stop()
        await asyncio.wait_for(answer, 5)
        return seen, sent

    seen, sent = asyncio.run(main())
    assert seen == [{"type": "http.disconnect"}]
    assert sent[-1]["more_body"] is False


def test_the_names_of_a_page_are_its_address_this_computer_and_what_the_user_adds():
    assert allowed_hosts("0.0.0.0", ["Box.local"]) == ("0.0.0.0", "127.0.0.1", "localhost", "::1", "box.local")  # noqa: S104
