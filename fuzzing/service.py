"""Fuzz the service from its own OpenAPI document with schemathesis; write results/service_fuzz.csv.

    pip install 'schemathesis>=4.30'        # in an environment of its own, its packages meet ours nowhere
    .venv/bin/python -m fuzzing.service --schemathesis path/to/schemathesis --examples 60

The service runs over loopback with every route but /examine, unless --examine is given. Schemathesis sends what the
document allows and what it forbids, and checks every answer against the document: no status of 500 and above, no
undocumented status or type, no request accepted without a key. It expects that whatever the document allows is
accepted, which files of random bytes are not, so that this one check is left out. Afterwards pictures and sounds with a
few changed bytes are sent to every route that takes files. What was answered is counted by the service itself.
"""

from __future__ import annotations

import argparse
import http.client
import io
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image

from benchmarks.results_csv import write_rows
from benchmarks.service.load import free_port, listens

RESULTS = Path("results/service_fuzz.csv")
COLUMNS = ("route", "requests", "answered_2xx", "refused_4xx", "busy_503", "other_5xx", "failed_checks", "examples",
           "seed", "schemathesis", "machine")  # fmt: skip
SEED = 29
_COUNT = re.compile(r'facetrail_requests_total\{method="\w+",route="([^"]*)",status="(\d+)"\} (\d+)')


@contextmanager
def serving(home: Path, *options: str) -> Iterator[tuple[int, str]]:
    """Start the service with a key; yield its port and the key."""
    keys, program = home / "keys", [sys.executable, "-m", "forensics"]
    subprocess.run([*program, "identity", "new", "--home", str(home / "home")], check=True, capture_output=True)
    made = subprocess.run(
        [*program, "serve", "--keys", str(keys), "--new-key", "fuzz"], check=True, capture_output=True, text=True
    )
    port, key = free_port(), made.stdout.split()[0]
    command = [*program, "serve", "--sign", "--keys", str(keys), "--port", str(port), "--home", str(home / "home")]
    command += ["--rate", "1000000", "--max-upload", "4", *options]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as service:
        try:
            while not listens(port):
                if service.poll() is not None:
                    raise SystemExit("the service did not start")
            yield port, key
        finally:
            service.terminate()


def answered(port: int, key: str) -> dict[str, Counter[int]]:
    """Return how often each route gave each status, as the service counts it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {key}"})
    text = connection.getresponse().read().decode()
    found: dict[str, Counter[int]] = {}
    for route, status, count in _COUNT.findall(text):
        found.setdefault(route, Counter())[int(status)] += int(count)
    return found


def send_changed(port: int, key: str, count: int) -> None:
    """Send small files, most of them with a few changed bytes, to the routes that take files."""
    rng = np.random.default_rng(SEED)
    files = _files()
    for number in range(count):
        kind, content = files[number % len(files)]
        changed = bytearray(content)
        for place in rng.integers(0, len(changed), number % 7):
            changed[place] = rng.integers(0, 256)
        for path in ("/read", "/matches/byContent", "/seal?kind=captured", "/sign?kind=edited&sidecar=true"):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
            headers = {"Authorization": f"Bearer {key}", "Content-Type": kind}
            connection.request("POST", path, bytes(changed), headers)
            connection.getresponse().read()
            connection.close()


def _files() -> list[tuple[str, bytes]]:
    picture = Image.fromarray(skimage.data.astronaut()[:256, 100:356])
    found = []
    for kind, options in (("PNG", {}), ("JPEG", {"quality": 90}), ("WEBP", {}), ("TIFF", {}), ("AVIF", {})):
        buffer = io.BytesIO()
        picture.save(buffer, kind, **options)
        found.append((f"image/{kind.lower()}", buffer.getvalue()))
    sound = b"WAVEfmt " + bytes([16, 0, 0, 0, 1, 0, 1, 0, 64, 31, 0, 0, 128, 62, 0, 0, 2, 0, 16, 0]) + b"data"
    body = sound + (1000).to_bytes(4, "little") + bytes(1000)
    return [*found, ("audio/wav", b"RIFF" + len(body).to_bytes(4, "little") + body)]


def main() -> None:
    """Fuzz the service and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schemathesis", default="schemathesis", metavar="PROGRAM")
    parser.add_argument("--examples", type=int, default=60, help="most examples for each operation and phase")
    parser.add_argument("--changed", type=int, default=100, help="changed files for each route")
    parser.add_argument("--examine", action="store_true", help="fuzz /examine too; this loads a detector")
    options = parser.parse_args()
    version = subprocess.run([options.schemathesis, "--version"], check=True, capture_output=True, text=True).stdout
    more = ["--examine"] if options.examine else []
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), *more) as (port, key):
        command = [options.schemathesis, "run", f"http://127.0.0.1:{port}/openapi.json", "--no-color"]
        command += [
            "-H",
            f"Authorization: Bearer {key}",
            "--max-examples",
            str(options.examples),
            "--seed",
            str(SEED),
        ]
        command += ["--request-timeout", "120", "--no-shrink", "--continue-on-failure"]
        command += ["--exclude-checks", "positive_data_acceptance"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        send_changed(port, key, options.changed)
        counts = answered(port, key)
    print(done.stdout[-8000:], done.stderr[-2000:])
    found = re.search(r"(\d+) unique failures?", done.stdout)
    failed = int(found[1]) if found else done.returncode
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    rows = [
        (
            route,
            one.total(),
            _sum(one, 200, 299),
            _sum(one, 400, 499),
            one[503],
            _sum(one, 500, 599) - one[503],
            "",
            options.examples,
            SEED,
            version.split()[-1],
            machine,
        )
        for route, one in sorted(counts.items())
    ]
    total = [sum(int(row[place]) for row in rows) for place in range(1, 6)]
    rows.append(("all", *total, failed, options.examples, SEED, version.split()[-1], machine))
    write_rows(RESULTS, COLUMNS, [list(row) for row in rows])
    for row in rows:
        print(*row)


def _sum(counts: Counter[int], low: int, high: int) -> int:
    return sum(count for status, count in counts.items() if low <= status <= high)


if __name__ == "__main__":
    main()
