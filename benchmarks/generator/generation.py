"""Measure the shipped generator on unseen puppets, against exact truth; write results/generation.csv.

The measurement is that of `facetrail evaluate --generator mini`: puppets of a seed that training does not use, each
driven by another puppet's motion; once in the training styles, once in the styles that the card lists as held out.
Intervals are percentile bootstrap over identities.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from pathlib import Path

import torch

from benchmarks.results_csv import write_rows
from forensics.evaluation import EvalReport
from forensics.evaluation.generator_quality import (
    CEILING,
    COPY,
    SHIPPED,
    TRUTH,
    WARP,
    Plan,
    find_styles,
    measure_generator,
)
from generator.network.weights_io import SHIPPED as SHIPPED_FOLDER
from generator.network.weights_layout import read_card
from generator.puppets import STYLES

HEADER = [
    "measure", "region", "method", "value", "low", "high", "n_identities", "n_frames", "seed", "weights", "styles",
]  # fmt: skip


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--generator", default=SHIPPED)
    parser.add_argument("--identities", type=int, default=30)
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--out", type=Path, default=Path("results/generation.csv"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    began = time.monotonic()
    folder = SHIPPED_FOLDER if options.generator == SHIPPED else Path(options.generator)
    held_out = read_card(folder)[0]["training"]["data"]["holdout_styles"]
    seen = [style for style in STYLES if style not in held_out]
    rows: list[list[str | int]] = []
    for group, styles in (("seen", seen), ("held out", held_out)):
        plan = Plan(options.identities, options.frames, find_styles(styles))
        if styles:
            reports = measure_generator(options.generator, plan, _say)
            for report in reports:
                rows += _rows(report, plan, reports[0].detector_digest, group)
    write_rows(options.out, HEADER, rows)
    command = f"python {' '.join(sys.argv)}"
    minutes = (time.monotonic() - began) / 60
    print(f"{command}; seed {plan.seed}; {platform.machine()}, {torch.get_num_threads()} thread, {minutes:.0f} min")


def _rows(report: EvalReport, plan: Plan, digest: str, group: str) -> list[list[str | int]]:
    method = report.detector if report.detector in (COPY, WARP, CEILING, TRUTH) else "ours"
    rows: list[list[str | int]] = []
    for one in sorted(report.measures, key=lambda measure: (measure.name, measure.slice)):
        region = "whole" if one.slice == "all" else one.slice
        bounds = ["" if value is None else f"{value:.4g}" for value in (one.low, one.high)]
        people = one.note.rpartition("; ")[2].removesuffix(" identities")
        identities = people if people.isdigit() else str(plan.clips)
        rows.append([
            one.name, region, method, f"{one.value:.4g}", *bounds, identities, one.n_positive, plan.seed, digest[:12],
            group,
        ])  # fmt: skip
    return rows


def _say(fraction: float, note: str) -> None:
    print(f"{100 * fraction:3.0f} % {note}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
