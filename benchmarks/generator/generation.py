"""Measure a generator on unseen avatars, against exact truth; write results/generation.csv.

The measurement is that of `facetrail evaluate --generator NAME`: avatars of a seed that training does not use, each
driven by another avatar's motion. Weights are measured once in the styles of their training and once in those that
their card lists as held out; the preset `geometry`, which learns nothing, in all styles. Intervals are percentile
bootstrap over identities.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import torch

from benchmarks.results_csv import write_rows
from forensics.evaluation import EvalReport
from forensics.evaluation.generator_quality import (
    COPY,
    GEOMETRY,
    SHIPPED,
    TRUTH,
    Plan,
    find_styles,
    measure_generator,
)
from generator.avatars import STYLES
from generator.network.weights_io import SHIPPED as SHIPPED_FOLDER
from generator.network.weights_layout import read_card

HEADER = [
    "measure", "region", "method", "value", "low", "high", "n_identities", "n_frames", "seed", "weights", "styles",
]  # fmt: skip


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--generator", default=GEOMETRY)
    parser.add_argument("--identities", type=int, default=30)
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--out", type=Path, default=Path("results/generation.csv"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    began = time.monotonic()
    rows: list[list[str | int]] = []
    for group, styles in groups_of(options.generator).items():
        plan = Plan(options.identities, options.frames, find_styles(styles))
        reports = measure_generator(options.generator, plan, _say)
        for report in reports:
            rows += _rows(report, plan, reports[0].detector_digest, group)
    write_rows(options.out, HEADER, rows)
    command = f"python {' '.join(sys.argv)}"
    minutes = (time.monotonic() - began) / 60
    print(f"{command}; seed {plan.seed}; {platform.machine()}, {torch.get_num_threads()} thread, {minutes:.0f} min")


def groups_of(generator: str) -> Mapping[str, tuple[str, ...]]:
    """Return the styles to measure by the name of their group; no style stands for all."""
    if generator == GEOMETRY:
        return {"all": ()}
    card = read_card(SHIPPED_FOLDER if generator == SHIPPED else Path(generator))[0]
    held_out = tuple(card["training"]["data"]["holdout_styles"])
    groups = {"seen": tuple(style for style in STYLES if style not in held_out), "held out": held_out}
    return {group: styles for group, styles in groups.items() if styles}


def _rows(report: EvalReport, plan: Plan, digest: str, group: str) -> list[list[str | int]]:
    method = report.detector if report.detector in (GEOMETRY, COPY, TRUTH) else "ours"
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
