"""Copy what a demo measured into results/: demo_stages.csv (seconds per stage) and demo.csv (measures with intervals).

Run `scripts/demo` first, on an idle machine; then `python scripts/bench_demo.py demo-out`.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from forensics.reporting import Estimate, ReportContents

RESULTS = Path(__file__).parents[1] / "results"


def cells(estimate: Estimate) -> list[str]:
    """Return value, low, high as text; an open interval stays empty."""
    return ["" if value is None else f"{value:.3f}" for value in (estimate.value, estimate.low, estimate.high)]


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
    for measure in contents.measures:
        for detector, estimate in zip(contents.detectors, measure.estimates, strict=True):
            counts = [str(measure.n_positive), str(measure.n_negative)]
            rows.append([measure.name, measure.level, detector, "none", "", *cells(estimate), *counts, seed])
    for grid in contents.robustness:
        for line in grid.rows:
            for severity, estimate in zip(line.severities, line.values, strict=True):
                rows.append(["auc", "video", grid.name, line.distortion, severity, *cells(estimate), "", "", seed])
    for control in contents.control:
        row = ["score shift by the mark", "video", control.detector, "none", "", *cells(control.shift)]
        rows.append([*row, "", str(control.pairs), seed])
        rows.append(
            ["auc, mark on both classes", "video", control.detector, "none", "", *cells(control.auc), "", "", seed]
        )
    header = [
        "measure",
        "level",
        "detector",
        "distortion",
        "severity",
        "value",
        "low",
        "high",
        "n_forged",
        "n_genuine",
        "seed",
    ]
    write("demo.csv", header, rows)


if __name__ == "__main__":
    main()
