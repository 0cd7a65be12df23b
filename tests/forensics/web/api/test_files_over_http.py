"""Reading, sealing and signing over HTTP: keys, rights, rates, what comes back, and what never does."""

from __future__ import annotations

import http.client
import json
import re
import socket
import tempfile
import threading
from dataclasses import replace
from functools import partial
from urllib.parse import quote

import numpy as np
import pytest
import skimage.data
import uvicorn
from PIL import Image

from forensics.errors import InputError, UsageError
from forensics.execution.sandbox import Limits
from forensics.web.api.client_name import name_on_disk
from forensics.web.api.file_work import file_worker
from forensics.web.api.keys import RIGHTS, Budget, add_key, client_of, read_keys
from forensics.web.api.metrics import Metrics
from forensics.web.api.sandbox_pool import SandboxPool
from forensics.web.api.service import ServiceConfig, service_app
from forensics.web.request_guard import LOOPBACK
from watermark import CredentialState, Deployment, read_credential_beside, read_provenance

PNG = {"Content-Type": "image/png"}


class Client:
    """Asks the service with one key."""

    def __init__(self, port, key):
        self.port, self.key = port, key

    def ask(self, path, body=None, method="POST", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        key = {} if self.key is None else {"Authorization": f"Bearer {self.key}"}
        connection.request(method, path, body, {**(PNG if body is not None else {}), **key, **headers})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, answer.headers, content


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return Deployment.open(tmp_path_factory.mktemp("served") / "home")


@pytest.fixture(scope="module")
def picture():
    return np.ascontiguousarray(skimage.data.astronaut()[20:276, 100:356])


@pytest.fixture(scope="module")
def png(picture, tmp_path_factory):
    path = tmp_path_factory.mktemp("png") / "p.png"
    Image.fromarray(picture).save(path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def serve(home, tmp_path_factory):
    """Start the service with keys; afterwards nothing is left of any upload."""
    folder = tmp_path_factory.mktemp("keys")
    keys = {
        "all": add_key(folder / "keys", "all", RIGHTS),
        "reader": add_key(folder / "keys", "reader", ("read",)),
        "busy": add_key(folder / "keys", "busy", ("read",)),
    }
    uploads = tmp_path_factory.mktemp("uploads")
    config = ServiceConfig(
        home.folder, LOOPBACK, Limits(60, 512), most_bytes=300_000, signing=True, keys=read_keys(folder / "keys"),
        per_minute=40,
    )  # fmt: skip
    worker = SandboxPool([file_worker(home.folder, ())])
    app = service_app(home, config, worker, None, worker)
    before, tempfile.tempdir = tempfile.tempdir, str(uploads)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            yield {name: Client(listening.getsockname()[1], key) for name, key in {**keys, "none": None}.items()}
        finally:
            server.should_exit = True
            thread.join(30)
            tempfile.tempdir = before
    assert list(uploads.iterdir()) == []


def test_a_sealed_file_comes_back_with_its_receipt(serve, home, png, tmp_path):
    status, headers, content = serve["all"].ask("/seal?kind=captured&format=jpg&quality=90&name=face.png", png)
    assert (status, headers["content-type"]) == (200, "image/jpeg")
    receipt = json.loads(headers["Facetrail-Receipt"])
    (tmp_path / "face.jpg").write_bytes(content)
    found = read_provenance(tmp_path / "face.jpg", home)
    assert (found.credential.state, found.mark.id) == (CredentialState.TRUSTED, receipt["mark"]["id"])
    assert receipt["path"] == "face.jpg"
    assert found.credential.title == "face.jpg"


def test_a_signed_file_keeps_every_pixel_and_a_sidecar_comes_alone(serve, home, png, tmp_path):
    own = json.dumps({"assertions": [{"label": "org.example.note", "data": {"by": "us"}}]})
    query = f"kind=edited&name=a.png&assertions={quote(own)}"
    status, headers, content = serve["all"].ask(f"/sign?{query}", png)
    assert (status, headers["content-type"]) == (200, "image/png")
    (tmp_path / "a.png").write_bytes(content)
    found = read_provenance(tmp_path / "a.png", home)
    assert found.credential.state is CredentialState.TRUSTED
    assert "org.example.note" in found.credential.manifest_json
    status, headers, content = serve["all"].ask("/sign?kind=edited&sidecar=true&name=a.png", png)
    assert (status, headers["content-type"]) == (200, "application/c2pa")
    (tmp_path / "plain.png").write_bytes(png)
    (tmp_path / "plain.c2pa").write_bytes(content)
    beside = read_credential_beside(tmp_path / "plain.png", tmp_path / "plain.c2pa", home.trust)
    assert beside.state is CredentialState.TRUSTED


def test_a_reading_is_the_document_of_the_command_line_and_names_no_folder(serve, png):
    signed = serve["all"].ask("/sign?kind=captured", png)[2]
    status, _, content = serve["reader"].ask("/read?name=..%2F..%2Fx.png", signed)
    (entry,) = json.loads(content)["results"]
    assert (status, entry["path"], entry["outcome"]) == (200, "../../x.png", "trusted")
    assert entry["manifests"][0]["certificates"]
    assert tempfile.tempdir.encode() not in content


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/seal", 400, "kind must be one of"),
        ("/seal?kind=real", 400, "kind must be one of"),
        ("/seal?kind=captured&quality=0", 400, "1 … 100"),
        ("/seal?kind=captured&format=webm", 400, "format must be one of"),
        ("/sign?kind=control", 400, "kind must be one of"),
        ("/sign?kind=captured&sidecar=maybe", 400, "true or false"),
        ("/sign?kind=captured&assertions=%5B", 422, "assertions"),
        ("/seal?kind=captured&name=", 400, "name has 0 characters"),
    ],
)
def test_what_is_asked_wrongly_is_refused_in_words(serve, png, path, status, words):
    answered, _, content = serve["all"].ask(path, png)
    assert answered == status
    assert words in content.decode()


def test_a_file_that_is_none_is_an_entry_that_says_why(serve):
    for path in ("/seal?kind=captured", "/sign?kind=captured", "/read"):
        status, _, content = serve["all"].ask(path, b"no picture")
        assert status == 422
        message = json.loads(content)["results"][0]["error"]["message"]
        assert message.startswith("upload: ")
        assert tempfile.tempdir not in message


def test_nothing_is_answered_without_a_key_but_how_the_service_is(serve, png):
    for path in ("/read", "/seal?kind=captured", "/sign?kind=captured", "/matches/byContent", "/nothing"):
        status, headers, _ = serve["none"].ask(path, png)
        assert (status, headers["www-authenticate"]) == (401, "Bearer")
    for path in ("/metrics", "/manifests/urn:1", "/matches/byBinding?alg=a&value=b", "/seal"):
        assert serve["none"].ask(path, method="GET")[0] == 401
    wrong = Client(serve["none"].port, "x" * 43)
    assert wrong.ask("/read", png)[0] == 401
    for path in ("/health", "/openapi.json", "/docs"):
        assert serve["none"].ask(path, method="GET")[0] == 200


def test_a_key_may_do_no_more_than_its_rights_say(serve, png):
    for path in ("/seal?kind=captured", "/sign?kind=captured", "/matches/byContent"):
        status, _, content = serve["reader"].ask(path, png)
        assert (status, b"this key may not" in content) == (403, True)
    assert serve["reader"].ask("/read", png)[0] == 200


def test_a_key_that_asks_too_often_waits_and_others_do_not(serve):
    answers = [serve["busy"].ask("/read", b"") for _ in range(45)]
    limited = [one for one in answers if one[0] == 429]
    assert limited
    assert 1 <= int(limited[0][1]["retry-after"]) <= 2
    assert serve["reader"].ask("/read", b"")[0] != 429


def test_every_answer_carries_the_id_of_its_request(serve):
    headers = serve["all"].ask("/health", method="GET", **{"X-Request-Id": "abc-1"})[1]
    assert headers["x-request-id"] == "abc-1"
    for bad in ("a b", "x" * 65, "a;b"):
        assert serve["all"].ask("/health", method="GET", **{"X-Request-Id": bad})[1]["x-request-id"] != bad


def test_the_counts_are_in_the_form_of_prometheus(serve):
    serve["all"].ask("/nothing/of/this/kind", method="GET")
    text = serve["all"].ask("/metrics", method="GET")[2].decode()
    sample = re.compile(r'[a-z_]+(\{([a-z]+="[^"\\\n]*",?)*\})? [0-9.e+-]+')
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(sample.fullmatch(line) for line in lines)
    assert 'route="other"' in text
    assert "/nothing/of/this/kind" not in text
    assert re.search(r"^facetrail_files_most 9$", text, re.MULTILINE)


def test_a_histogram_adds_up():
    metrics = Metrics()
    for seconds in (0.004, 0.005, 0.3, 1000.0):
        metrics.count("GET", "/read", 200, seconds, 10)
    text = metrics.text()
    assert 'le="0.005"} 2' in text
    assert 'le="0.5"} 3' in text
    assert 'le="+Inf"} 4' in text
    assert 'facetrail_received_bytes_total{route="/read"} 40' in text


def test_the_openapi_document_names_every_route_and_no_other(home):
    config = ServiceConfig(home.folder, LOOPBACK, Limits(60, 512))
    pool = SandboxPool([partial(lambda *_: None)])
    described = service_app(home, config, pool, None, pool)
    assert described is not None
    from forensics.web.api.openapi import openapi_document

    assert {"/seal", "/sign"}.isdisjoint(openapi_document(keys=False, signing=False, examining=False)["paths"])
    full = openapi_document(keys=True, signing=True, examining=True)
    assert {"/seal", "/sign", "/read", "/examine"} < set(full["paths"])
    assert full["security"] == [{"key": []}]
    assert full["paths"]["/health"]["get"]["security"] == []


def test_nobody_signs_without_keys(home):
    config = ServiceConfig(home.folder, LOOPBACK, Limits(60, 512), signing=True)
    pool = SandboxPool([file_worker(home.folder, ())])
    with pytest.raises(UsageError, match="--keys"):
        service_app(home, config, pool, None, pool)


def test_the_file_of_keys_holds_no_key_and_is_refused_where_others_write(tmp_path):
    key = add_key(tmp_path / "keys", "studio", ("read", "seal"))
    text = (tmp_path / "keys").read_text()
    assert key not in text
    assert (tmp_path / "keys").stat().st_mode & 0o077 == 0
    (found,) = read_keys(tmp_path / "keys")
    assert client_of((found,), f"Bearer {key}") == found
    for other in (None, key, f"Basic {key}", "Bearer ", f"Bearer {found.digest}"):
        assert client_of((found,), other) is None
    with pytest.raises(InputError, match="already"):
        add_key(tmp_path / "keys", "studio", ("read",))
    with pytest.raises(InputError):
        add_key(tmp_path / "keys", "new line", ("read",))
    (tmp_path / "keys").chmod(0o666)
    with pytest.raises(InputError, match="others"):
        read_keys(tmp_path / "keys")


@pytest.mark.parametrize("line", ["studio", f"studio {'0' * 64} fly", f"studio {'0' * 63} read", "\u00e9"])
def test_a_damaged_file_of_keys_names_its_line(tmp_path, line):
    (tmp_path / "keys").write_text(f"# keys\n{line}\n")
    with pytest.raises(InputError, match=r"line 2|cannot be read"):
        read_keys(tmp_path / "keys")


def test_a_budget_fills_with_time():
    now = [0.0]
    budget = Budget(60, clock=lambda: now[0])
    assert [budget.wait("a") for _ in range(60)] == [0.0] * 60
    assert budget.wait("a") == pytest.approx(1.0)
    assert budget.wait("b") == 0.0
    now[0] = 1.0
    assert budget.wait("a") == 0.0
    assert replace(budget, per_minute=None).wait("a") == 0.0


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a\0b", "..", "", " ", "-rf", "request.json", "C:\\x\\y.png", "\u00e9" * 200, "a\nb"]
)
def test_no_name_of_a_client_leaves_its_folder(name, tmp_path):
    plain = name_on_disk(name)
    path = tmp_path / plain
    path.write_bytes(b"x")
    assert path.parent == tmp_path
    assert path.resolve().parent == tmp_path.resolve()
    assert plain not in ("", ".", "..")
    assert not plain.startswith("-")
