"""Load the service with all kinds of requests; write results/load.csv and results/load_memory.csv.

    .venv/bin/python -m benchmarks.service.load --minutes 10

The service is `facetrail serve --examine` over a store of synthetic files, in its own processes; this process sends
requests over loopback. Requests are sent at fixed times whether earlier ones are answered or not, and are timed from
the moment they were due. Without --rate, the rate of look-ups is doubled until p99 is above a tenth of a second, and
the run uses the last rate below: half of the limit of 200 ms is left for the variation of ten minutes. Every answer is
checked.
"""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import queue
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.results_csv import write_rows
from benchmarks.service.load_questions import FILES, LOOKUPS, Material, Question, prepared

SEED = 17
RESULTS = Path("results/load.csv")
MEMORY = Path("results/load_memory.csv")
COLUMNS = ("kind", "per_second", "n", "p50_ms", "p99_ms", "slowest_ms", "turned_away", "errors", "minutes", "files",
           "load", "machine")  # fmt: skip
ASKERS = 48


@dataclass(slots=True, eq=False)
class Asked:
    """The results of the requests.

    Attributes:
        seconds: Time from the moment a request was due to its answer, by kind.
        turned_away: Number of answers with status 503, by kind.
        errors: Wrong and missing answers, in words.
    """

    seconds: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in (*LOOKUPS, *FILES)})
    turned_away: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*LOOKUPS, *FILES), 0))
    errors: list[tuple[str, str]] = field(default_factory=list)

    def p99(self, kinds: tuple[str, ...]) -> float:
        """Return the time below which 99 % of the answers came, in seconds."""
        return float(np.quantile(np.concatenate([self.seconds[kind] for kind in kinds]), 0.99))


def schedule(
    rate: float, seconds: float, rng: np.random.Generator, lookups: Mapping[str, float], files: Mapping[str, float]
) -> list[tuple[float, str]]:
    """Return the due times and kinds of requests: look-ups evenly spaced, files in between."""
    shares = np.array(list(lookups.values()))
    kinds = rng.choice(list(lookups), round(rate * seconds), p=shares / shares.sum())
    due = [(number / rate, str(kind)) for number, kind in enumerate(kinds)]
    for kind, per_second in files.items():
        due += [((number + 0.5) / per_second, kind) for number in range(int(per_second * seconds))]
    return sorted(due)


def ask_all(
    port: int,
    material: Material,
    rate: float,
    seconds: float,
    rng: np.random.Generator,
    *,
    lookups: Mapping[str, float] = LOOKUPS,
    files: Mapping[str, float] = FILES,
    key: str | None = None,
) -> Asked:
    """Send every request when it is due, and wait for the answers.

    Args:
        port: Port of the service.
        material: What requests are built from.
        rate: Look-ups a second.
        seconds: How long requests are sent.
        rng: Draws the requests.
        lookups: Kinds of look-ups, with their shares.
        files: Kinds of requests with a file, with their number a second.
        key: Key that every request has, or None.
    """
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    asked: Asked = Asked()
    waiting: queue.Queue[tuple[float, Question] | None] = queue.Queue()
    askers = [threading.Thread(target=_ask, args=(port, waiting, asked, headers)) for _ in range(ASKERS)]
    for asker in askers:
        asker.start()
    begun = time.perf_counter()
    for offset, kind in schedule(rate, seconds, rng, lookups, files):
        question = material.question(kind, rng)
        time.sleep(max(begun + offset - time.perf_counter(), 0))
        waiting.put((begun + offset, question))
    for _ in askers:
        waiting.put(None)
    for asker in askers:
        asker.join()
    return asked


def _ask(
    port: int, waiting: queue.Queue[tuple[float, Question] | None], asked: Asked, headers: Mapping[str, str]
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    while (job := waiting.get()) is not None:
        due, question = job
        try:
            status, body = _answer(connection, question, headers)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            asked.errors.append((question.kind, repr(error)))
            continue
        asked.seconds[question.kind].append(time.perf_counter() - due)
        if status == 503:
            asked.turned_away[question.kind] += 1
        elif not question.right(status, body):
            asked.errors.append((question.kind, f"{status} {body[:200]!r}"))
    connection.close()


def _answer(
    connection: http.client.HTTPConnection, question: Question, headers: Mapping[str, str]
) -> tuple[int, bytes]:
    """Send a request; once more where the server has just closed the connection because it was idle."""
    is_fresh = connection.sock is None
    while True:
        try:
            connection.request(question.method, question.path, question.body, {**headers, **question.headers})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (http.client.RemoteDisconnected, ConnectionError):
            connection.close()
            if is_fresh:
                raise
            is_fresh = True


@contextmanager
def serving(home: Path) -> Iterator[tuple[int, int]]:
    """Start the service and yield its port and its process id."""
    port = free_port()
    command = [sys.executable, "-m", "forensics", "serve", "--examine", "--port", str(port), "--home", str(home)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as service:
        for line in iter(service.stderr.readline, "") if service.stderr else ():
            if "stop with Ctrl-C" in line:
                break
        while not listens(port):
            time.sleep(0.05)
        try:
            yield port, service.pid
        finally:
            service.terminate()


def free_port() -> int:
    """Return a port of this computer that nothing listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def listens(port: int) -> bool:
    """Return whether something listens at a port of this computer."""
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


def memory(pid: int) -> tuple[float, float]:
    """Return the memory of the service and the processes it started, in MiB."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return _resident(pid), sum(_resident(int(child)) for child in children)


def _resident(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1]) / 1024


def watch(pid: int, begun: float, stop: threading.Event, rows: list[list[object]]) -> None:
    """Record the memory at the start, every minute and at the end."""

    def minute() -> str:
        return f"{(time.perf_counter() - begun) / 60:.1f}"

    def note() -> None:
        rows.append([minute(), *(f"{one:.0f}" for one in memory(pid)), f"{os.getloadavg()[0]:.1f}"])

    note()
    while not stop.wait(60):
        note()
    if rows[-1][0] != minute():
        note()


def fastest(port: int, material: Material, rng: np.random.Generator) -> float:
    """Return the highest rate, doubled step by step, at which look-ups are answered in a tenth of a second."""
    rate = 10.0
    while ask_all(port, material, 2 * rate, 20, rng).p99(tuple(LOOKUPS)) < 0.1:
        rate *= 2
        print(f"{rate:g} look-ups a second hold", flush=True)
    return rate


def main() -> None:
    """Load the service and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--files", type=int, default=1_000_000, help="made-up files in the store")
    parser.add_argument("--rate", type=float, help="look-ups a second")
    options = parser.parse_args()
    rng = np.random.default_rng(SEED)
    with tempfile.TemporaryDirectory() as home:
        material = prepared(Path(home), options.files, rng)
        with serving(Path(home)) as (port, pid):
            ask_all(port, material, 5, 10, rng)  # loads everything
            rate = options.rate or fastest(port, material, rng)
            held: list[list[object]] = []
            stop = threading.Event()
            watcher = threading.Thread(target=watch, args=(pid, time.perf_counter(), stop, held))
            watcher.start()
            asked = ask_all(port, material, rate, 60 * options.minutes, rng)
            stop.set()
            watcher.join()
    write(asked, held, rate, options)


def write(asked: Asked, held: list[list[object]], rate: float, options: argparse.Namespace) -> None:
    """Write both results files, and print the errors."""
    machine, load = f"{platform.machine()}, {os.cpu_count()} cores", f"{os.getloadavg()[0]:.1f}"
    rows: list[list[object]] = []
    for kind, seconds in asked.seconds.items():
        times = np.array(seconds) * 1e3
        wrong = [words for one, words in asked.errors if one == kind]
        figures = (f"{one:.1f}" for one in (np.median(times), np.quantile(times, 0.99), times.max()))
        per_second = f"{rate * LOOKUPS[kind] if kind in LOOKUPS else FILES[kind]:g}"
        tail = (asked.turned_away[kind], len(wrong), f"{options.minutes:g}", options.files, load, machine)
        rows.append([kind, per_second, len(times), *figures, *tail])
        print(*rows[-1], *wrong[:3], flush=True)
    write_rows(RESULTS, COLUMNS, rows)
    write_rows(MEMORY, ("minute", "service_mib", "processes_mib", "load"), held)


if __name__ == "__main__":
    main()
