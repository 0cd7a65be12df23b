"""The service as a user starts and stops it."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image

from generator.avatars import render, sample_avatar
from watermark import Deployment


@contextmanager
def serving(tmp_path, *options):
    """Start the service and yield its port; stop it from the keyboard."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    Deployment.open(tmp_path / "home")  # a service makes no identity of its own
    command = [sys.executable, "-m", "forensics", "serve", "--port", str(port), "--home", str(tmp_path / "home")]
    environment = os.environ | {"TMPDIR": str(uploads)}
    with subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True, env=environment) as service:
        said = iter(service.stderr.readline, "")
        assert any(f"at http://127.0.0.1:{port}; stop with Ctrl-C" in line for line in said)
        yield port, service
        service.send_signal(signal.SIGINT)
        assert service.wait(60) in (0, 130)
        assert "Traceback" not in service.stderr.read()
    assert not list(uploads.glob("facetrail-*"))


def ask(port, method, path, body=None, **headers):
    """Ask; the service listens a moment after it has said so."""
    for _ in range(10_000):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except ConnectionRefusedError:
            continue
        finally:
            connection.close()
    raise AssertionError("the service does not listen")


@pytest.mark.slow
def test_the_service_answers_on_this_computer_and_stops_from_the_keyboard(tmp_path):
    with serving(tmp_path) as (port, _):
        status, answer = ask(port, "GET", "/services/supportedAlgorithms")
        assert (status, set(answer)) == (200, {"watermarks", "fingerprints"})
        assert ask(port, "POST", "/examine", b"picture", **{"Content-Type": "image/png"})[0] == 404


@pytest.mark.slow
def test_a_client_that_leaves_early_costs_one_line_and_no_traceback(tmp_path):
    with serving(tmp_path, "-v") as (port, service):
        assert ask(port, "GET", "/services/supportedAlgorithms")[0] == 200
        with socket.create_connection(("127.0.0.1", port)) as leaving:
            leaving.sendall(b"POST /matches/byContent HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n")
            leaving.sendall(b"Content-Length: 1000\r\n\r\nthe first bytes")
        requests = []
        for line in iter(service.stderr.readline, ""):
            assert "Traceback" not in line
            if " answered " in line:
                requests.append(line.partition(" INFO ")[2])
            if "/matches/byContent" in line:
                break
        ours = "forensics.web.api.service: "
        assert requests[0].startswith(f"{ours}GET /services/supportedAlgorithms answered 200 in ")
        assert requests[1].startswith(f"{ours}POST /matches/byContent answered 499 (the client has left) in ")
        assert len(requests) == 2


def runs(pid):
    """Tell whether a process is there and has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.slow
def test_an_examination_over_http_is_the_one_of_the_command(tmp_path, facetrail):
    avatar = sample_avatar(3, "cartoon")
    pictures = {"sound.png": tmp_path / "sound.png", "broken.png": tmp_path / "broken.png"}
    Image.fromarray(render(avatar, avatar.params(), 256).picture).save(pictures["sound.png"])
    pictures["broken.png"].write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    answers = {}
    with serving(tmp_path, "--examine") as (port, service):
        for name, path in pictures.items():
            address = f"/examine?name={quote(str(path))}"
            answers[name] = ask(port, "POST", address, path.read_bytes(), **{"Content-Type": "image/png"})
        matches = ask(port, "POST", "/matches/byContent", pictures["broken.png"].read_bytes())
        children = Path(f"/proc/{service.pid}/task/{service.pid}/children")
        workers = children.read_text().split() if children.exists() else []
    until = time.monotonic() + 60
    while any(map(runs, workers)):
        assert time.monotonic() < until
    assert {name: status for name, (status, _) in answers.items()} == {"sound.png": 200, "broken.png": 422}
    assert matches[0] == 400
    assert matches[1]["error"].startswith("the file cannot be read: is damaged")
    _, out, _ = facetrail("examine", "--json", "--home", tmp_path / "home", *pictures.values())
    expected = json.loads(out)["results"]
    assert [found["results"][0] for _, found in answers.values()] == expected


def test_a_missing_package_is_one_line_with_the_way_to_get_it(tmp_path):
    code = (
        "import sys; sys.modules['uvicorn'] = None\n"
        "from forensics.cli import main; sys.exit(main(['serve', '--home', sys.argv[1]]))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "home")], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert "needs the package uvicorn; get it with `pip install 'facetrail[serve]'`" in ran.stderr
    assert not (tmp_path / "home").exists()
