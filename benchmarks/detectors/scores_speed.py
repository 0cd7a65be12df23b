"""Measure speed and memory of `evaluate --scores` and `compare`; write results/scores_speed.csv.

    .venv/bin/python -m benchmarks.detectors.scores_speed [--before DIR] [--rows N]

Tables of made-up scores are measured: a million samples of their own and 10,000 rows of 45 methods by `evaluate` with
1,000 replicates, and a million samples of three detectors by `compare` with 2,000 draws and 2,000 swaps, as the
commands do without options; `--only` measures one of them again. With `--before`, the folder of an earlier version
measures the same tables in the same run, and the ratio says how many times less CPU time this version takes. Each run
is a process of its own.
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.results_csv import write_rows

HERE = Path(__file__).parents[2]
RESULTS = HERE / "results" / "scores_speed.csv"
COLUMNS = (
    "table", "rows", "version", "cpu_seconds", "seconds", "peak_mib", "cpu_ratio", "replicates", "seed", "load",
    "machine", "command",
)  # fmt: skip
SEED = 0
REPLICATES, SWAPS = 1000, 2000  # what `evaluate` and `compare` take
TABLES = ("samples", "methods", "compare")
GAINS = (0.3, 0.302, 0.27)  # of three detectors, by how much manipulated samples score higher
METHODS = 45
RUN = "import sys; from forensics.cli.main import main; sys.exit(main(sys.argv[1:]))"


def write_samples(path: Path, rows: int) -> None:
    """Write scores of samples that each name a file of their own."""
    rng = np.random.default_rng(SEED)
    labels = rng.integers(0, 2, rows)
    scores = np.clip(rng.normal(0.35 + 0.3 * labels, 0.2), 0, 1)
    with path.open("w", encoding="utf-8") as file:
        file.write("path,label,score\n")
        file.writelines(f"clips/v{n:07d}.mp4,{labels[n]},{scores[n]:.6f}\n" for n in range(rows))


def write_detectors(folder: Path, rows: int) -> list[Path]:
    """Write scores of the same samples by three detectors, which err together."""
    rng = np.random.default_rng(SEED)
    labels, common = rng.integers(0, 2, rows), rng.normal(0, 0.1, rows)
    paths = []
    for number, gain in enumerate(GAINS):
        scores = np.clip(0.35 + gain * labels + common + rng.normal(0, 0.17, rows), 0, 1)
        paths.append(folder / f"detector{number}.csv")
        with paths[-1].open("w", encoding="utf-8") as file:
            file.write("path,label,score\n")
            file.writelines(f"clips/v{n:07d}.mp4,{labels[n]},{scores[n]:.6f}\n" for n in range(rows))
    return paths


def write_methods(path: Path, rows: int = 10_000) -> None:
    """Write scores of forgeries by many methods, and of a tenth as many genuine samples."""
    rng = np.random.default_rng(SEED)
    with path.open("w", encoding="utf-8") as file:
        file.write("path,label,score,method\n")
        for n in range(rows):
            forged = int(n % 10 != 0)
            method = f"m{rng.integers(METHODS):02d}" if forged else ""
            score = np.clip(rng.normal(0.4 + 0.15 * forged, 0.2), 0, 1)
            file.write(f"file{n:05d}.mp4,{forged},{score:.6f},{method}\n")


def measure(version: Path, words: Sequence[str]) -> tuple[float, float, float]:
    """Return CPU seconds, seconds and the peak of memory in MiB of one command."""
    command = [sys.executable, "-c", RUN, *words]
    begun = time.monotonic()
    process = subprocess.Popen(command, cwd=version, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - begun, usage.ru_maxrss / 1024


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", type=Path, metavar="DIR", help="folder of an earlier version")
    parser.add_argument("--rows", type=int, default=1_000_000, metavar="N", help="samples of the large table")
    parser.add_argument("--only", choices=TABLES, nargs="+", default=list(TABLES))
    parser.add_argument("--out", type=Path, default=RESULTS, metavar="CSV")
    options = parser.parse_args()
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    command = "python -m benchmarks.detectors.scores_speed" + (" --before DIR" if options.before else "")
    rows: list[tuple[object, ...]] = []
    with tempfile.TemporaryDirectory() as place:
        for name in options.only:
            table = Path(place) / f"{name}.csv"
            repeated = SWAPS if name == "compare" else REPLICATES
            count = 10_000 if name == "methods" else options.rows
            if name == "compare":
                words = [("compare", *map(str, write_detectors(Path(place), count)))] * 2
            else:
                (write_samples if name == "samples" else write_methods)(table, count)
                outs = (Path(place) / f"{name}-{version}" for version in ("now", "before"))
                words = [("evaluate", "--scores", str(table), "-o", str(out)) for out in outs]
            now = measure(HERE, words[0])
            versions: dict[str, tuple[float | None, ...]] = {"this": (*now, None)}
            if options.before is not None:
                old = measure(options.before, words[1])
                versions = {"before": (*old, None), "this": (*now, old[0] / now[0])}
            for version, values in versions.items():
                rows.append((name, count, version, *values, repeated, SEED, os.getloadavg()[0], machine, command))
                print(rows[-1], flush=True)
    if options.out.is_file():
        with options.out.open(encoding="utf-8", newline="") as file:
            rows += [tuple(row.values()) for row in csv.DictReader(file) if row["table"] not in options.only]
    rows.sort(key=lambda row: str(row[0]))
    write_rows(options.out, COLUMNS, rows)


if __name__ == "__main__":
    main()
