"""Measure how fast facetrail starts and works, each against a limit or a peer of the same run; write results/speed.csv.

    python -m benchmarks.speed [--quick] [--only GROUP ...]

Every row is the median of several runs by the clock. Its ratio is the measured value over a limit that the project set
itself, or over a peer that is measured in the same run; at most 1 is wanted. With `--quick` the sizes are small and the
results are printed, and written only where `-o` names a file. Leave the machine alone meanwhile: `load` says how many
processes wanted to run. The machine needs every package of the extras `track` and `dev`, and the face mesh.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks import speed_starts, speed_work
from benchmarks.results_csv import write_rows
from benchmarks.speed_case import Case
from forensics.execution.environment import machine

RESULTS = Path("results/speed.csv")
GROUPS: Mapping[str, Callable[[Path, bool], Iterator[Case]]] = {
    "install": speed_starts.installs,
    "start": speed_starts.starts,
    "provenance": speed_work.provenance,
    "faces": speed_work.faces,
}
"""Groups of cases in the order of the table; each takes a folder to work in and whether the sizes are small."""

HEADER = ["what", "value", "unit", "against", "reference", "ratio", "runs", "load", "machine", "command"]


def measure(case: Case, runs: int) -> list[object]:
    """Return the row of one case."""
    count = min(runs, case.most_runs)
    values, references = [], []
    for _ in range(count):
        values.append(case.value())
        references.append(case.reference())
    value, reference = median(values), median(references)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    command = " ".join(["python -m benchmarks.speed", *sys.argv[1:]])
    return [case.what, value, case.unit, case.against, reference, value / reference, count, load, machine(), command]


def main() -> None:
    """Measure all cases and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes and one run each, written only with -o")
    parser.add_argument("--runs", type=int, default=5, metavar="N")
    parser.add_argument("--only", nargs="+", choices=GROUPS, help="some groups, written only with -o")
    parser.add_argument("-o", "--out", type=Path, metavar="CSV", help=f"default: {RESULTS}")
    options = parser.parse_args()
    rows, begun = [], time.monotonic()
    with TemporaryDirectory() as name:
        os.environ["FACETRAIL_HOME"] = str(Path(name) / "home")
        for group in options.only or GROUPS:
            for case in GROUPS[group](Path(name), options.quick):
                row = measure(case, 1 if options.quick else options.runs)
                print(f"{row[0]}: {row[1]:.4g} {row[2]}, {row[5]:.2f} of {row[3]} ({row[4]:.4g})", flush=True)
                rows.append(row)
    print(f"{time.monotonic() - begun:.0f} s in all")
    whole = not options.quick and not options.only
    if options.out is not None or whole:
        write_rows(options.out or RESULTS, HEADER, rows)


if __name__ == "__main__":
    main()
