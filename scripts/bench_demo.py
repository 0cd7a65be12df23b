"""Copy what a demo measured into results/: demo_stages.csv (seconds per stage) and demo.csv (measures with intervals).

Run `scripts/demo` first, on an idle machine; then `python scripts/bench_demo.py demo-out`.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from forensics.reporting import ReportContents

RESULTS = Path(__file__).parents[1] / "results"


def write(name: str, header: list[str], rows: list[list[str]]) -> None:
    """Write one results file and print it."""
    with (RESULTS / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([header, *rows])
    print(name)
    for row in rows:
        print("  " + ", ".join(row))


def main() -> None:
    """Read the demo's contents and write both files."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "demo-out")
    contents = ReportContents.load(folder)
    total = sum(stage.seconds for stage in contents.stages)
    stages = [[stage.name, f"{stage.seconds:.1f}"] for stage in contents.stages]
    write("demo_stages.csv", ["stage", "seconds"], [*stages, ["total", f"{total:.1f}"]])
    seed = str(contents.reproduction.seed)
    rows = []
    for detector in ("before", "after"):
        with (folder / "evaluation" / detector / "measures.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                numbers = [f"{float(row[name]):.3f}" for name in ("value", "low", "high")]
                counts = [row["n_positive"], row["n_negative"]]
                rows.append([row["name"], detector, row["distortion"], row["severity"], *numbers, *counts, seed])
    for control in contents.control:
        name = control.detector.partition(":")[0]
        shift, pairs = control.shift, str(control.pairs)
        numbers = ["" if value is None else f"{value:.3f}" for value in (shift.value, shift.low, shift.high)]
        rows.append(["score_shift_by_mark/video", name, "none", "0", *numbers, "0", pairs, seed])
    header = ["measure", "detector", "distortion", "severity", "value", "low", "high", "n_forged", "n_genuine", "seed"]
    write("demo.csv", header, rows)


if __name__ == "__main__":
    main()
