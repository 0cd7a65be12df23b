"""Test that a file that has lost its manifest finds it again, over HTTP, like another program."""

from __future__ import annotations

import base64
import http.client
import io
import json
import tempfile
import threading
from dataclasses import replace

import c2pa
import numpy as np
import pytest
import uvicorn
from PIL import Image

from watermark import ManifestStore, PayloadKind, read_media
from watermark.credential.credential import active_label
from watermark.credential.embedded_manifest import manifest_store
from watermark.mark.payload import SOFT_BINDING
from watermark.resolution.resolution import FINGERPRINT, find_store, match_binding
from watermark.resolution.service import resolution_app
from watermark.store.manifest_store import StoreEntry
from watermark.store.perceptual_hash import perceptual_hash

MARK = SOFT_BINDING


class Client:
    def __init__(self, port):
        self.port = port

    def __call__(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        kind = answer.headers["content-type"]
        return answer.status, json.loads(content) if kind == "application/json" else (kind, content)


@pytest.fixture(scope="module")
def ask(deployment, sealed):
    """Return a running service that accepts 300 kB at most."""
    app = resolution_app(deployment, most_bytes=300_000)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    yield Client(server.servers[0].sockets[0].getsockname()[1])
    server.should_exit = True
    thread.join(10)


def recompressed(path, quality):
    """Return the picture as re-encoded by a service that strips metadata."""
    data = io.BytesIO()
    Image.fromarray(read_media(path).frames[0]).save(data, "JPEG", quality=quality)
    assert b"c2pa" not in data.getvalue()
    return data.getvalue()


def quoted(value):
    return base64.b64encode(value).decode().replace("+", "%2B").replace("/", "%2F")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".avif", ".tif"])
def test_a_stripped_and_recompressed_picture_finds_its_manifest_again(ask, sealed, deployment, suffix):
    receipt = sealed[suffix]
    body = recompressed(receipt.path, quality=85)
    status, found = ask("POST", f"/matches/byContent?alg={MARK}", body, **{"Content-Type": "image/jpeg"})
    label = active_label(receipt.credential)
    assert (status, found) == (200, {"matches": [{"manifestId": label}]})
    status, (kind, store) = ask("GET", f"/manifests/{label}")
    assert (status, kind) == (200, "application/c2pa")
    assert store == deployment.store.find_manifest(label).manifest
    report = json.loads(c2pa.Reader("application/c2pa", io.BytesIO(store)).json())
    assert report["manifests"][label]["title"] == f"face{suffix}"


def test_a_clip_coded_anew_finds_its_manifest_again(ask, sealed, tmp_path):
    from watermark import encode_clip

    media = read_media(sealed[".mp4"].path)
    encode_clip(media.frames, tmp_path / "again.mp4", media.fps, crf=26)
    status, found = ask("POST", "/matches/byContent", (tmp_path / "again.mp4").read_bytes())
    assert (status, found["matches"][0]["manifestId"]) == (200, active_label(sealed[".mp4"].credential))


def test_a_picture_whose_mark_is_gone_is_found_by_its_look(ask, sealed):
    alike = f"/matches/byContent?alg={FINGERPRINT}&maxResults=100"
    status, found = ask("POST", alike, recompressed(sealed[".png"].path, quality=20))
    assert status == 200
    scores = {match["manifestId"]: match["similarityScore"] for match in found["matches"]}
    assert scores[active_label(sealed[".png"].credential)] >= 95
    assert all(84 <= score <= 100 for score in scores.values())


def test_bindings_are_resolved_by_value(ask, sealed):
    receipt = sealed[".png"]
    label = active_label(receipt.credential)
    value = bytes.fromhex(receipt.payload.hex)
    assert ask("GET", f"/matches/byBinding?alg={MARK}&value={quoted(value)}") == (
        200,
        {"matches": [{"manifestId": label}]},
    )
    body = json.dumps({"alg": MARK, "value": base64.b64encode(value).decode()})
    assert ask("POST", "/matches/byBinding", body) == (200, {"matches": [{"manifestId": label}]})
    look = perceptual_hash(read_media(receipt.path).frames[0]).to_bytes(8, "big")
    status, found = ask("GET", f"/matches/byBinding?alg={FINGERPRINT}&value={quoted(look)}&maxResults=100")
    assert status == 200
    assert {"manifestId": label, "similarityScore": 100} in found["matches"]


def test_what_nobody_sealed_here_matches_nothing(ask):
    assert ask("GET", f"/matches/byBinding?alg={MARK}&value=AAAAAAAA") == (200, {"matches": []})
    noise = np.random.default_rng(0).integers(0, 255, (160, 160, 3), dtype=np.uint8)
    data = io.BytesIO()
    Image.fromarray(noise).save(data, "PNG")
    assert ask("POST", "/matches/byContent", data.getvalue()) == (200, {"matches": []})
    assert ask("GET", "/manifests/urn:c2pa:unknown") == (404, {"error": "no manifest with this identifier"})


def test_the_service_names_its_algorithms(ask):
    expected = {"watermarks": [{"alg": MARK}], "fingerprints": [{"alg": FINGERPRINT}]}
    assert ask("GET", "/services/supportedAlgorithms") == (200, expected)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "message"),
    [
        ("GET", "/matches/byBinding", None, 400, "alg and value are both needed"),
        ("GET", f"/matches/byBinding?alg={MARK}&value=*", None, 400, "no base64"),
        ("GET", f"/matches/byBinding?alg={MARK}&value=AAAA", None, 400, "3 bytes, expected 6"),
        ("GET", "/matches/byBinding?alg=com.example&value=AAAA", None, 400, "'com.example' is not known here"),
        ("GET", f"/matches/byBinding?alg={MARK}&value=AAAAAAAA&maxResults=0", None, 400, "1 … 100"),
        ("POST", "/matches/byBinding", "[]", 400, "must be a JSON object"),
        ("POST", "/matches/byBinding", "{", 400, "must be a JSON object"),
        ("POST", "/matches/byBinding", "x" * 5000, 413, "longer than 4096 bytes"),
        ("POST", "/matches/byContent", b"no picture", 400, "the file cannot be read: is not PNG"),
        ("POST", "/matches/byContent", b"\x89PNG\r\n\x1a\n" + bytes(100), 400, "the file cannot be read: is damaged"),
        ("POST", "/matches/byContent", bytes(300_001), 413, "longer than 300000 bytes"),
        ("POST", "/matches/byContent?alg=com.example", b"x", 400, "is not known here"),
        ("DELETE", "/manifests/urn:c2pa:1", None, 405, "Method Not Allowed"),
        ("GET", "/", None, 404, "Not Found"),
    ],
)
def test_a_bad_request_is_one_clear_line(ask, method, path, body, status, message):
    answered, content = ask(method, path, body)
    assert answered == status
    assert message in content["error"]
    assert tempfile.gettempdir() not in content["error"]


def test_a_body_without_a_stated_length_is_cut_off_at_the_limit(ask):
    def pieces():
        for _ in range(40):
            yield bytes(10_000)

    assert ask("POST", "/matches/byContent", pieces())[0] == 413


def test_a_web_page_cannot_reach_the_service_by_a_name_of_its_own(ask):
    connection = http.client.HTTPConnection("127.0.0.1", ask.port, timeout=30)
    connection.request("GET", "/services/supportedAlgorithms", headers={"Host": "rebound.example"})
    assert connection.getresponse().status == 400
    connection.close()


def test_the_active_manifest_can_be_had_without_its_ingredients(ask, sealed, deployment, pictures, tmp_path):
    from watermark import Claim, Ingredient, Payload, mark, seal

    payload = Payload(0x5151, PayloadKind.GENERATED)
    part = Ingredient(sealed[".jpg"].path, "in", "inputTo")
    claim = Claim(payload, "a", "facetrail test", "1", ingredients=(part,))
    receipt = seal(mark(pictures["cat"], payload, deployment.mark_key), tmp_path / "a.png", claim, deployment)
    label = active_label(receipt.credential)
    _, (_, whole) = ask("GET", f"/manifests/{label}")
    _, (_, alone) = ask("GET", f"/manifests/{label}?returnActiveManifest=true")
    assert len(alone) < len(whole)
    reports = [json.loads(c2pa.Reader("application/c2pa", io.BytesIO(data)).json()) for data in (whole, alone)]
    assert [len(report["manifests"]) for report in reports] == [2, 1]
    assert {report["active_manifest"] for report in reports} == {label}


def test_a_damaged_store_is_no_answer_and_names_no_path(tmp_path, deployment):
    from anyio import run as run_async
    from starlette.requests import Request

    broken = ManifestStore(tmp_path / "s.sqlite3")
    broken.path.write_bytes(b"no database" * 500)
    app = resolution_app(replace(deployment, store=broken), hosts=["*"])
    sent = []

    async def call():
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/manifests/urn:1",
            "query_string": b"",
            "headers": [(b"host", b"x")],
        }
        assert Request(scope).method == "GET"

        async def send(message):
            sent.append(message)

        await app(scope, None, send)

    run_async(call)
    assert sent[0]["status"] == 500
    assert sent[1]["body"] == b'{"error":"the manifest store cannot be read"}'


def test_the_stored_manifest_is_the_one_in_the_file(sealed, deployment):
    from watermark.media.containers import sniff

    for receipt in sealed.values():
        data = receipt.path.read_bytes()
        stored = find_store(deployment.store, active_label(receipt.credential))
        assert stored == manifest_store(data, sniff(receipt.path))


def test_matches_are_limited(tmp_path):
    store = ManifestStore(tmp_path / "s.sqlite3")
    entry = StoreEntry("00000000abcd", "", "", b"m", 7, "t", PayloadKind.GENERATED, "2026")
    store.put_all(replace(entry, sha256=str(i), manifest_label=f"urn:{i}", created=str(i)) for i in range(30))
    value = base64.b64encode(bytes.fromhex("00000000abcd")).decode()
    assert [match.manifest_id for match in match_binding(store, MARK, value, 2)] == ["urn:9", "urn:8"]
    assert len(match_binding(store, FINGERPRINT, base64.b64encode((7).to_bytes(8, "big")).decode())) == 10
