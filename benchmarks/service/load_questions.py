"""Define the requests of the load benchmark, and the check of each answer."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import numpy as np
from PIL import Image

from benchmarks.service.store import entry, made_up_looks
from generator.avatars import STYLES, render, sample_avatar
from watermark import Claim, Deployment, Payload, PayloadKind, mark, seal
from watermark.mark.payload import SOFT_BINDING
from watermark.resolution.resolution import FINGERPRINT

LOOKUPS = {"by mark id": 0.45, "by look": 0.25, "manifest": 0.2, "bad request": 0.1}
"""Shares of the look-ups."""

FILES = {"by content": 0.1, "examine": 0.2}
"""Files per second."""


@dataclass(frozen=True, slots=True)
class Question:
    """A request, and the check of its answer.

    Attributes:
        kind: Kind of the request.
        method: HTTP method of the request.
        path: Path with the query.
        right: Function that checks status and body.
        body: Body of the request.
        headers: Headers of the request.
    """

    kind: str
    method: str
    path: str
    right: Callable[[int, bytes], bool]
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Material:
    """The material that requests are built from.

    Attributes:
        looks: Looks of the files in the store, by number.
        stills: JPEG files without a manifest, each with the label of its manifest.
    """

    looks: list[int]
    stills: list[tuple[bytes, str]]

    def question(self, kind: str, rng: np.random.Generator) -> Question:
        """Build a random request of a kind."""
        number = int(rng.integers(len(self.looks)))
        still, label = self.stills[int(rng.integers(len(self.stills)))]
        found, binding = _names(f"urn:c2pa:{number}"), "/matches/byBinding?alg={}&value={}"
        picture = {"Content-Type": "image/jpeg"}
        match kind:
            case "by mark id":
                return Question(kind, "GET", binding.format(SOFT_BINDING, _value(number, 6)), found)
            case "by look":  # many look alike, so the nearest one is requested, which has that very look
                return Question(kind, "GET", binding.format(FINGERPRINT, _value(self.looks[number], 8)), _alike)
            case "manifest":
                right = _is(200, b"manifest")
                return Question(kind, "GET", f"/manifests/urn:c2pa:{number}", right)
            case "by content":
                return Question(kind, "POST", f"/matches/byContent?alg={SOFT_BINDING}", _names(label), still, picture)
            case "examine":
                return Question(kind, "POST", "/examine", _marked, still, picture)
        return bad_request(int(rng.integers(6)))


def bad_request(number: int) -> Question:
    """Return one of the requests that have to be refused."""
    refused: tuple[tuple[int, str, str, bytes | None, dict[str, str]], ...] = (
        (400, "GET", f"/matches/byBinding?alg={SOFT_BINDING}&value=*", None, {}),
        (404, "GET", "/manifests/urn:c2pa:unknown", None, {}),
        (404, "GET", "/../../etc/passwd", None, {}),
        (400, "POST", "/matches/byBinding", b"[" * 4000, {}),
        (415, "POST", "/examine", b"a=b", {"Content-Type": "application/x-www-form-urlencoded"}),
        (403, "POST", "/examine", b"picture", {"Content-Type": "image/png", "Origin": "https://elsewhere.example"}),
    )
    status, method, path, body, headers = refused[number]
    return Question("bad request", method, path, lambda answered, _: answered == status, body, headers)


def _is(status: int, content: bytes) -> Callable[[int, bytes], bool]:
    return lambda answered, body: (answered, body) == (status, content)


def _names(label: str) -> Callable[[int, bytes], bool]:
    return lambda status, body: status == 200 and {"manifestId": label} in json.loads(body)["matches"]


def _alike(status: int, body: bytes) -> bool:
    return status == 200 and json.loads(body)["matches"][0]["similarityScore"] == 100


def _marked(status: int, body: bytes) -> bool:
    return status == 200 and json.loads(body)["results"][0]["finding"] == "marked"


def _value(number: int, length: int) -> str:
    return quote(base64.b64encode(number.to_bytes(length, "big")))


def prepared(home: Path, files: int, rng: np.random.Generator) -> Material:
    """Fill a store with synthetic files and some sealed ones, and strip the manifests of those."""
    deployment, stills = Deployment.open(home), []
    looks = made_up_looks(files, rng)
    deployment.store.put_all(entry(number, look) for number, look in enumerate(looks))
    for number in range(8):
        avatar = sample_avatar(number, STYLES[number % len(STYLES)])
        payload = Payload.random(rng, PayloadKind.GENERATED)
        marked = mark(render(avatar, avatar.params(), 256).picture, payload, deployment.mark_key)
        path = home / f"{number}.png"
        seal(marked, path, Claim(payload, "made for the load", "facetrail bench", "1"), deployment)
        stripped = io.BytesIO()
        Image.fromarray(marked).save(stripped, "JPEG", quality=92)
        (sealed,) = deployment.store.find(payload.hex)
        stills.append((stripped.getvalue(), sealed.manifest_label))
    return Material(looks, stills)
