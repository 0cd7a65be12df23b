"""Time look-ups in a manifest store of a million files; write results/manifest_store.csv.

Looks are random 64-bit hashes and manifests are short, because only the indexes are measured. Times are of one
computer; the growth with the number of rows is what counts. With --docs only docs/provenance.md is written.
"""

from __future__ import annotations

import argparse
import csv
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from watermark import ManifestStore, PayloadKind
from watermark.store import StoreEntry

SEED = 11
ROWS = (10_000, 1_000_000)
QUESTIONS = 60
RESULTS = Path("results/manifest_store.csv")
PAGE = Path("docs/provenance.md")
BEGIN, END = "<!-- store: written by scripts/bench_store.py --docs -->", "<!-- /store -->"
COLUMNS = ("rows", "question", "median_ms", "slowest_ms", "n", "seed", "machine")


def entry(number: int, look: int) -> StoreEntry:
    """Return the entry of one made-up file."""
    names = (f"{number:012x}", f"{number:064x}", f"urn:c2pa:{number}")
    return StoreEntry(*names, b"manifest", look, "made up", PayloadKind.GENERATED, "2026-01-01")


def measure(store: ManifestStore, looks: list[int], rng: np.random.Generator) -> list[dict[str, str | int | float]]:
    """Ask for random files by mark, by label and by a look that differs in three bits."""
    questions: dict[str, Callable[[int], object]] = {
        "by mark id": lambda i: store.find(f"{i:012x}"),
        "by manifest label": lambda i: store.find_manifest(f"urn:c2pa:{i}"),
        "by look, up to 10 bits": lambda i: store.find_alike(looks[i] ^ 0x8000_0100_0000_0001),
    }
    rows: list[dict[str, str | int | float]] = []
    for question, ask in questions.items():
        seconds = []
        for number in rng.integers(0, len(looks), QUESTIONS).tolist():
            started = time.perf_counter()
            found = ask(number)
            seconds.append(time.perf_counter() - started)
            if not found:
                raise SystemExit(f"{question}: file {number} is not found")
        rows.append(
            {
                "rows": len(looks),
                "question": question,
                "median_ms": round(statistics.median(seconds) * 1e3, 2),
                "slowest_ms": round(max(seconds) * 1e3, 2),
                "n": QUESTIONS,
                "seed": SEED,
                "machine": f"{platform.machine()}, one thread",
            }
        )
    return rows


def write_docs() -> None:
    """Write the table in docs/provenance.md anew."""
    with RESULTS.open() as file:
        rows = list(csv.DictReader(file))
    lines = ["| files in the store | look-up | median | slowest of " + rows[0]["n"] + " |", "|---|---|---|---|"]
    lines += [
        f"| {int(row['rows']):,} | {row['question']} | {row['median_ms']} ms | {row['slowest_ms']} ms |" for row in rows
    ]
    before, rest = PAGE.read_text().split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(before + "\n".join([BEGIN, "", *lines, "", END]) + after)


def main() -> None:
    """Fill stores of growing size and time them, or write the table anew with --docs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--docs", action="store_true", help="measure nothing; write the table in docs/provenance.md")
    if parser.parse_args().docs:
        write_docs()
        return
    rng = np.random.default_rng(SEED)
    rows = []
    for count in ROWS:
        looks = rng.integers(0, 2**64, count, dtype=np.uint64).tolist()
        with tempfile.TemporaryDirectory() as folder:
            store = ManifestStore(Path(folder) / "manifests.sqlite3")
            store.put_all(entry(number, look) for number, look in enumerate(looks))
            rows += measure(store, looks, rng)
    with RESULTS.open("w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    main()
