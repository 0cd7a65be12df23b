"""Copy the measures of a demo to results/: demo_stages.csv (seconds per stage) and demo.csv (measures with intervals).

Run `scripts/demo` first, on an idle machine; then `python -m tools.docs.copy_demo_results demo-out`.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from forensics.evaluation import CLEAN, Measure
from forensics.reporting import gather_results

CHIEF = ("auc", "eer", "tpr_at_fpr_5", "fpr")
RESULTS = Path(__file__).parents[2] / "results"


def is_shown(cell: Measure) -> bool:
    """Return whether a cell is shown: main measures of the whole test, AUC of every distortion, shift by the mark."""
    if cell.metric == "score_shift_by_mark":
        return True
    return cell.slice == "all" and cell.metric in (CHIEF if cell.distortion == CLEAN else ("auc",))


def write(name: str, header: list[str], rows: list[list[str]]) -> None:
    """Write one results file and print it."""
    with (RESULTS / name).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([header, *rows])
    print(name)
    for row in rows:
        print("  " + ", ".join(row))


def main() -> None:
    """Read the demo's report and write both files."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "demo-out")
    results = gather_results(folder)
    if results.trail is None:
        raise SystemExit(f"{folder} was not left by `facetrail demo`")
    total = sum(stage.seconds for stage in results.trail.stages)
    stages = [[stage.name, f"{stage.seconds:.1f}"] for stage in results.trail.stages]
    write("demo_stages.csv", ["stage", "seconds"], [*stages, ["total", f"{total:.1f}"]])
    seed = str(results.run.seed)
    rows = []
    for one in results.detectors:
        for cell in filter(is_shown, one.report.measures):
            numbers = ["" if value is None else f"{value:.3f}" for value in (cell.value, cell.low, cell.high)]
            counts = [str(cell.n_positive), str(cell.n_negative)]
            rows.append([cell.name, one.name, cell.distortion, str(cell.severity), *numbers, *counts, seed])
    header = ["measure", "detector", "distortion", "severity", "value", "low", "high", "n_forged", "n_genuine", "seed"]
    write("demo.csv", header, rows)


if __name__ == "__main__":
    main()
