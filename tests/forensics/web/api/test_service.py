"""The service as another program calls it, with a stand-in that examines when the test wants."""

from __future__ import annotations

import http.client
import json
import logging
import re
import socket
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn

from forensics.errors import InputError, LimitError
from forensics.execution.command_result import CommandResult
from forensics.execution.progress import Report
from forensics.execution.sandbox import Limits
from forensics.web.api.sandbox_pool import SandboxPool
from forensics.web.api.service import ServiceConfig, service_app
from forensics.web.request_guard import LOOPBACK
from watermark import Deployment

PNG = {"Content-Type": "image/png"}


@dataclass
class StandIn:
    """Examines files; holds those that say so until it is told to go on."""

    began: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    go_on: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    seen: list[bytes] = field(default_factory=list)

    def __call__(self, path: Path, report: Report) -> CommandResult:
        content = path.read_bytes()
        self.seen.append(content[:8])
        if content.startswith(b"hold"):
            self.began.release()
            assert self.go_on.acquire(timeout=60)
        if content == b"huge":
            raise LimitError(f"{path}: takes longer than 1 seconds", path)
        if content == b"bad":
            raise InputError(f"{path}: is damaged", path)
        return CommandResult("", ({"path": str(path), "reasons": [f"{path} is here"], "bytes": len(content)},))


@dataclass
class Client:
    """Asks the service."""

    port: int
    examiner: StandIn
    server: uvicorn.Server

    def send(self, body: object, path: str = "/examine", **headers: str) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("POST", path, body, PNG | headers)  # type: ignore[arg-type]
        return connection

    def ask(self, body: object, path: str = "/examine", **headers: str) -> tuple[int, dict[str, object]]:
        return heard(self.send(body, path, **headers))


def heard(connection: http.client.HTTPConnection) -> tuple[int, dict[str, object]]:
    try:
        answer = connection.getresponse()
        content = json.loads(answer.read())
        if answer.status == 503:
            content["again"] = answer.headers["retry-after"]
        return answer.status, content
    finally:
        connection.close()


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """A service that takes 100 kB and lets one file wait; afterwards nothing is left of any upload."""
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(uploads))
    examiner = StandIn()
    config = ServiceConfig(None, LOOPBACK, Limits(60, 512), most_bytes=100_000, waiting=1, arrival_seconds=0.5)
    deployment = Deployment.open(tmp_path / "home")
    app = service_app(deployment, config, SandboxPool([examiner]), SandboxPool([examiner]))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield Client(listening.getsockname()[1], examiner, server)
        finally:
            server.should_exit = True
            thread.join(30)
    assert list(uploads.iterdir()) == []


def test_an_answer_names_the_file_as_the_client_does_and_no_path_of_this_computer(client: Client) -> None:
    status, found = client.ask(b"picture", "/examine?name=..%2F..%2Fetc%2Fpasswd")
    assert (status, found["command"]) == (200, "examine")
    name = "../../etc/passwd"
    assert found["results"] == [{"path": name, "reasons": [f"{name} is here"], "bytes": 7}]
    assert client.ask(b"")[1]["results"] == [{"path": "upload", "reasons": ["upload is here"], "bytes": 0}]


@pytest.mark.parametrize(("body", "said"), [(b"huge", "takes longer than 1 seconds"), (b"bad", "is damaged")])
def test_a_file_that_cannot_be_examined_is_an_entry_that_says_why(client: Client, body: bytes, said: str) -> None:
    status, found = client.ask(body, "/examine?name=a.png")
    assert status == 422
    (entry,) = found["results"]  # type: ignore[misc]
    assert entry["error"]["path"] == "a.png"
    assert entry["error"]["message"] == f"a.png: {said}"
    assert client.ask(b"next")[0] == 200


def test_one_file_more_than_may_wait_is_turned_away_and_may_come_back(client: Client) -> None:
    first = client.send(b"hold one")
    assert client.examiner.began.acquire(timeout=60)
    second = client.send(b"hold two")
    until(lambda: client.ask(b"x" * 100_001)[0] == 503)  # the second has arrived: there is no place, whatever is sent
    assert client.ask(b"third")[1] == {"error": "2 files are being looked at; try again", "again": "5"}
    client.examiner.go_on.release(2)
    assert [heard(one)[0] for one in (first, second)] == [200, 200]
    assert client.ask(b"third")[0] == 200
    assert client.examiner.seen == [b"hold one", b"hold two", b"third"]


def test_a_file_whose_sender_has_left_is_not_examined(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    first = client.send(b"hold one")
    assert client.examiner.began.acquire(timeout=60)
    second = client.send(b"left")
    until(lambda: client.ask(b"x" * 100_001)[0] == 503)
    second.close()
    client.examiner.go_on.release()
    assert heard(first)[0] == 200
    until(lambda: client.ask(b"later")[0] == 200)
    assert b"left" not in client.examiner.seen
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("path", ["/examine?name=a.png", "/matches/byContent", "/matches/byBinding"])
def test_a_client_that_leaves_before_its_file_has_arrived_costs_one_line(
    client: Client, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    caplog.set_level(logging.INFO)
    with socket.create_connection(("127.0.0.1", client.port)) as leaving:
        leaving.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n".encode())
        leaving.sendall(b"Content-Length: 1000\r\n\r\nthe first bytes")
    name = path.partition("?")[0]
    until(
        lambda: client.ask(b"", "/elsewhere") and (f"POST {name} answered" in caplog.text or "Exception" in caplog.text)
    )
    lines = [record for record in caplog.records if name in record.getMessage() or record.exc_info]
    assert [(record.levelname, record.name) for record in lines] == [("INFO", "forensics.web.api.service")]
    assert f"POST {name} answered 499 (the client has left) in 0." in lines[0].getMessage()
    assert lines[0].exc_info is None
    assert client.ask(b"next")[0] == 200


def test_each_request_is_logged_with_its_status_and_its_duration(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    client.ask(b"picture", "/examine?name=secret-name")
    client.ask(b"bad", "/nowhere%0Aforged-line")
    until(lambda: client.ask(b"", "/elsewhere") and caplog.text.count(" answered ") > 1)
    lines = [record.getMessage() for record in caplog.records if record.name == "forensics.web.api.service"]
    assert re.fullmatch(r"POST /examine answered 200 in \d+\.\d\d s", lines[0])
    assert re.fullmatch(r"POST /nowhere\\nforged-line answered 404 in \d+\.\d\d s", lines[1])


@pytest.mark.slow
def test_a_service_that_is_stopped_waits_a_while_and_then_says_so_in_one_line(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    held = client.send(b"hold one")
    assert client.examiner.began.acquire(timeout=60)
    waiting = client.send(b"waiting")
    until(lambda: client.ask(b"x" * 100_001)[0] == 503)
    client.server.should_exit = True
    stopped = (503, {"error": "the service is being stopped; ask again when it is back", "again": None})
    assert [heard(one) for one in (held, waiting)] == [stopped, stopped]
    client.examiner.go_on.release()
    assert client.examiner.seen == [b"hold one"]
    assert "Traceback" not in caplog.text


@pytest.mark.slow
def test_a_file_that_is_too_large_or_does_not_arrive_is_given_up(client: Client) -> None:
    assert client.ask(b"x" * 100_001) == (413, {"error": "the body is longer than 100000 bytes"})
    assert client.ask(b"x" * 10_000 for _ in range(11))[0] == 413
    assert client.ask(b"few", **{"Content-Length": "1000"}) == (
        408,
        {"error": "the file took longer than 0.5 seconds to arrive"},
    )
    assert client.examiner.seen == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "multipart/form-data; boundary=x"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": ""}, 415),
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Host": "rebound.example"}, 421),
        ({"Host": "localhost", "Content-Type": "application/octet-stream"}, 200),
        ({"Host": "[::1]:8710", "Content-Type": "video/mp4"}, 200),
    ],
)
def test_programs_may_ask_and_pages_of_other_sites_may_not(
    client: Client, headers: dict[str, str], status: int
) -> None:
    assert client.ask(b"file", **headers)[0] == status
    assert client.examiner.seen == ([b"file"] if status == 200 else [])
    if status in (403, 421):
        assert client.ask(b"{}", "/matches/byBinding", **headers)[0] == status


def test_names_are_bounded_and_only_post_is_answered(client: Client) -> None:
    assert client.ask(b"file", f"/examine?name={'n' * 256}")[0] == 400
    assert client.ask(b"file", "/examine?name=")[0] == 400
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=60)
    connection.request("GET", "/examine")
    assert heard(connection) == (405, {"error": "Method Not Allowed"})


def until(asked) -> None:  # type: ignore[no-untyped-def]
    """Ask again and again; what is waited for happens in the service."""
    for _ in range(10_000):
        if asked():
            return
    raise AssertionError("asked ten thousand times")
