"""Load one and two instances of the service over one PostgreSQL store; write results/instances.csv.

    .venv/bin/python -m benchmarks.service.instances --minutes 2

A PostgreSQL server of the system's runs on this machine with made-up files in it. Look-ups arrive at fixed times, and
are shared out among the instances; every answer is checked. Beside them, pictures are sealed by one instance, and their
manifests are asked for at another one as soon as the answer is there: what is not found then counts as lost. Client,
services and database share the machine, so that two instances show whether they agree and not how far they scale.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import io
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import numpy as np
import skimage.data
from PIL import Image

from benchmarks.results_csv import write_rows
from benchmarks.service.load import SEED, Asked, ask_all, free_port, listens
from benchmarks.service.load_questions import LOOKUPS, Material, prepared
from benchmarks.service.postgres import postgres
from watermark import Deployment
from watermark.deployment import STORE_VARIABLE
from watermark.mark.payload import SOFT_BINDING

RESULTS = Path("results/instances.csv")
COLUMNS = ("instances", "files", "per_second", "n", "p50_ms", "p99_ms", "turned_away", "errors", "sealed",
           "seal_p50_ms", "lost", "minutes", "load", "machine")  # fmt: skip


_LOOKUPS = {kind: share for kind, share in LOOKUPS.items() if kind != "bad request"}


@dataclass(slots=True, eq=False)
class Sealing:
    """What became of the sealed pictures.

    Attributes:
        seconds: Time of each seal.
        lost: How many manifests another instance did not find.
    """

    seconds: list[float] = field(default_factory=list)
    lost: int = 0


@contextmanager
def instance(home: Path, keys: Path) -> Iterator[int]:
    """Start an instance and yield its port."""
    port = free_port()
    command = [sys.executable, "-m", "forensics", "serve", "--sign", "--keys", str(keys), "--home", str(home)]
    command += ["--port", str(port), "--rate", "1000000"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as service:
        try:
            while not listens(port):
                if service.poll() is not None:
                    raise SystemExit("an instance did not start")
                time.sleep(0.05)
            yield port
        finally:
            service.terminate()


def seal_and_ask(ports: list[int], key: str, stop: threading.Event, sealing: Sealing) -> None:
    """Seal a picture at one instance after the other, and ask the next one for the manifest."""
    buffer = io.BytesIO()
    Image.fromarray(skimage.data.astronaut()[:256, 100:356]).save(buffer, "JPEG", quality=95)
    number = 0
    while not stop.wait(1.0):
        here, there = ports[number % len(ports)], ports[(number + 1) % len(ports)]
        number += 1
        begun = time.perf_counter()
        status, receipt, _ = _send(here, key, "POST", "/seal?kind=captured&format=png", buffer.getvalue())
        sealing.seconds.append(time.perf_counter() - begun)
        if status != 200:
            sealing.lost += 1
            continue
        mark = bytes.fromhex(json.loads(receipt)["mark"]["id"])
        value = quote(base64.b64encode(mark), safe="")
        status, _, body = _send(there, key, "GET", f"/matches/byBinding?alg={SOFT_BINDING}&value={value}", None)
        sealing.lost += status != 200 or not json.loads(body)["matches"]


def _send(port: int, key: str, method: str, path: str, body: bytes | None) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    headers = {"Authorization": f"Bearer {key}", **({"Content-Type": "image/jpeg"} if body else {})}
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, answer.headers.get("Facetrail-Receipt", "{}"), content


def measure(
    ports: list[int], key: str, material: Material, rate: float, minutes: float, rng: np.random.Generator
) -> tuple[list[Asked], Sealing]:
    """Send look-ups to all instances, and seal beside them."""
    asked: list[Asked] = []
    sealing, stop = Sealing(), threading.Event()
    sealer = threading.Thread(target=seal_and_ask, args=(ports, key, stop, sealing))
    sealer.start()
    each = [np.random.default_rng(int(rng.integers(1 << 31))) for _ in ports]
    askers = [
        threading.Thread(
            target=lambda port=port, own=own: asked.append(
                ask_all(port, material, rate / len(ports), 60 * minutes, own, lookups=_LOOKUPS, files={}, key=key)
            )
        )
        for port, own in zip(ports, each, strict=True)
    ]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    stop.set()
    sealer.join()
    return asked, sealing


def main() -> None:
    """Measure one and two instances and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--files", type=int, default=100_000, help="made-up files in the store")
    parser.add_argument("--rate", type=float, default=40, help="look-ups a second, all instances together")
    options = parser.parse_args()
    rng, rows = np.random.default_rng(SEED), []
    with tempfile.TemporaryDirectory() as name, postgres() as address:
        os.environ[STORE_VARIABLE] = address
        home, keys = Path(name) / "home", Path(name) / "keys"
        Deployment.open(home)
        material = prepared(home, options.files, rng)
        made = [sys.executable, "-m", "forensics", "serve", "--keys", str(keys), "--new-key", "load"]
        key = subprocess.run(made, check=True, capture_output=True, text=True).stdout.split()[0]
        for count in (1, 2):
            with ExitStack() as stack:
                ports = [stack.enter_context(instance(home, keys)) for _ in range(count)]
                measure(ports, key, material, 5, 0.1, rng)  # loads everything
                asked, sealing = measure(ports, key, material, options.rate, options.minutes, rng)
            rows.append(_row(count, asked, sealing, options))
            print(*rows[-1], *[one.errors[:3] for one in asked], flush=True)
    write_rows(RESULTS, COLUMNS, rows)


def _row(count: int, asked: list[Asked], sealing: Sealing, options: argparse.Namespace) -> list[object]:
    times = np.concatenate([one.seconds[kind] for one in asked for kind in _LOOKUPS]) * 1e3
    turned_away = sum(sum(one.turned_away.values()) for one in asked)
    return [
        count, options.files, f"{options.rate:g}", len(times), f"{np.median(times):.1f}",
        f"{np.quantile(times, 0.99):.1f}", turned_away, sum(len(one.errors) for one in asked), len(sealing.seconds),
        f"{1e3 * np.median(sealing.seconds):.0f}", sealing.lost, f"{options.minutes:g}", f"{os.getloadavg()[0]:.1f}",
        f"{platform.machine()}, {os.cpu_count()} cores",
    ]  # fmt: skip


if __name__ == "__main__":
    main()
