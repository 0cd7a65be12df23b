"""Measure a manifest store of a million files: look-ups, inserts, parallel writers; write results/manifest_store.csv.

    nice -n 10 .venv/bin/python -m benchmarks.service.store

Looks are those of avatars with some bits changed, because faces look alike; manifests are short, because only finding
is measured. Times are of one computer; the file contains the load of other processes.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.results_csv import write_rows
from generator.avatars import STYLES, render, sample_avatar
from watermark import ManifestStore, PayloadKind
from watermark.store.manifest_store import StoreEntry
from watermark.store.perceptual_hash import perceptual_hash

SEED = 11
ROWS = (10_000, 1_000_000)
QUESTIONS = 2000
AVATARS = 64
CHANGED = 0.15
WRITERS = 4
RESULTS = Path("results/manifest_store.csv")
COLUMNS = ("files", "what", "median_ms", "p99_ms", "slowest_ms", "cpu_ms", "n", "lost", "seed", "load", "machine")


def entry(number: int, look: int) -> StoreEntry:
    """Return the entry of one synthetic file."""
    names = (f"{number:012x}", f"{number:064x}", f"urn:c2pa:{number}")
    return StoreEntry(*names, b"manifest", look, "made up", PayloadKind.GENERATED, "2026-01-01")


def made_up_looks(count: int, rng: np.random.Generator) -> list[int]:
    """Draw looks as similar as those of faces: those of an avatar, each bit changed with a probability."""
    heads = [sample_avatar(number, STYLES[number % len(STYLES)]) for number in range(AVATARS)]
    looks = [perceptual_hash(render(head, head.params(), 128).picture) for head in heads]
    chosen = np.array(looks, np.uint64)[rng.integers(0, AVATARS, count)]
    changes = np.packbits(rng.random((count, 64), np.float32) < CHANGED, axis=1).view(np.uint64).ravel()
    found: list[int] = (chosen ^ changes).tolist()
    return found


def filled(path: Path, looks: list[int]) -> ManifestStore:
    """Build a store of synthetic files."""
    store = ManifestStore(path)
    store.put_all(entry(number, look) for number, look in enumerate(looks))
    return store


def seconds_of(ask: Callable[[int], object], numbers: list[int]) -> Iterator[tuple[float, float]]:
    """Measure every look-up, in wall time and CPU time; a file that is not found ends the benchmark."""
    for number in numbers:
        begun, busy = time.perf_counter(), time.process_time()
        found = ask(number)
        yield time.perf_counter() - begun, time.process_time() - busy
        if found == ():
            raise SystemExit(f"file {number} is not found")


def write_some(path: Path, first: int, count: int) -> list[tuple[float, float]]:
    """Insert files one by one, as a process that seals does, and return the time of each."""
    store = ManifestStore(path)
    return list(seconds_of(lambda number: store.put(entry(number, number)), list(range(first, first + count))))


def measure(store: ManifestStore, looks: list[int], rng: np.random.Generator) -> Iterator[list[object]]:
    """Find random files by mark, by label and by a look that differs in three bits; then insert files."""
    questions: dict[str, Callable[[int], object]] = {
        "look-up by mark id": lambda i: store.find(f"{i:012x}"),
        "look-up by manifest label": lambda i: store.find_manifest(f"urn:c2pa:{i}") or (),
        "look-up by look, up to 10 bits": lambda i: store.find_alike(looks[i] ^ 0x8000_0100_0000_0001),
    }
    for what, ask in questions.items():
        yield row(len(looks), what, list(seconds_of(ask, rng.integers(0, len(looks), QUESTIONS).tolist())))
    yield row(len(looks), "one more file", write_some(store.path, 10**9, QUESTIONS // WRITERS))
    each = QUESTIONS // WRITERS
    firsts = [2 * 10**9 + each * number for number in range(WRITERS)]
    with ProcessPoolExecutor(WRITERS, mp_context=get_context("spawn")) as writers:
        taken = list(writers.map(write_some, [store.path] * WRITERS, firsts, [each] * WRITERS))
    lost = sum(not store.find(f"{first + number:012x}") for first in firsts for number in range(each))
    yield row(len(looks), f"one more file, {WRITERS} processes at once", [one for some in taken for one in some], lost)


def row(files: int, what: str, seconds: list[tuple[float, float]], lost: int | None = None) -> list[object]:
    """Return measured times as a row, in milliseconds."""
    times = np.array(seconds) * 1e3
    wall, busy = times.T
    figures = (float(np.median(wall)), float(np.quantile(wall, 0.99)), float(wall.max()), float(busy.mean()))
    print(f"{files} files, {what}: median {figures[0]:.2f} ms, p99 {figures[1]:.2f} ms", flush=True)
    shown = (f"{one:.2f}" for one in figures)
    load, machine = f"{os.getloadavg()[0]:.1f}", f"{platform.machine()}, {os.cpu_count()} cores"
    return [files, what, *shown, len(times), lost, SEED, load, machine]


def main() -> None:
    """Fill stores of growing size and measure them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    rng = np.random.default_rng(SEED)
    rows = []
    for count in ROWS:
        looks = made_up_looks(count, rng)
        with tempfile.TemporaryDirectory() as folder:
            rows += list(measure(filled(Path(folder) / "manifests.sqlite3", looks), looks, rng))
    write_rows(RESULTS, COLUMNS, rows)


if __name__ == "__main__":
    main()
