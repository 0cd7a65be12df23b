"""Test the paper's two claims on puppets, and write results/claims.csv and docs/images/claims.jpg.

Every arm is trained on the same stored frames, renders pairs of unseen puppets, and is measured against the exact
truth. Results that exist in the folder are used, so the same command resumes an interrupted run, and several processes
may share the work (`--train normals-adapter-0 normals-plain-0` in one, other runs in another). `--family
mini-continued` does this for one family alone: the rows of the others are kept, and the picture shows this family.
"""

from __future__ import annotations

import argparse
import csv
import platform
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch

from benchmarks.paper_claims.arms import FAMILIES, PLANS, SEEN, STORE_SEED, Plan, Run
from benchmarks.paper_claims.bench import Bench
from benchmarks.paper_claims.cases import Pairings
from benchmarks.paper_claims.drawing import draw_run
from benchmarks.paper_claims.lessons import Lessons
from benchmarks.paper_claims.picture import sheet
from benchmarks.paper_claims.results import HEADER, Row, rows
from benchmarks.paper_claims.training import train
from benchmarks.results_csv import write_rows
from generator.training.data.example_store import draw_store
from generator.training.data.puppet_clips import puppets_digest

ROOT = Path(__file__).parents[2]
SEED = 9005
"""Seed of the bootstrap and the permutations."""
SHOWN = (2, 28, 29)
"""Pairs of the picture: one of a seen style, two of held-out styles; fixed by number, before any picture was seen."""


def main(arguments: Sequence[str] | None = None, plans: Sequence[Plan] = PLANS) -> None:
    """Train, render, measure, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("runs/claims"), help="stores, checkpoints and frames")
    parser.add_argument(
        "--family", nargs="+", choices=[plan.family.name for plan in plans], help="these families alone"
    )
    parser.add_argument("--train", nargs="*", help="train and draw these runs, or all, and stop")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "claims.csv")
    parser.add_argument("--picture", type=Path, default=ROOT / "docs" / "images" / "claims.jpg")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    chosen = [plan for plan in plans if not options.family or plan.family.name in options.family]
    for plan in chosen:
        _draw(plan, options.folder / plan.family.name, options.train)
    if options.train is None:
        _measure(chosen, options.folder, options.out)
        _picture(chosen, options.folder, options.picture)
    command = f"python -m benchmarks.paper_claims.bench_claims {' '.join(sys.argv[1:])}"
    print(f"{command}; seed {SEED}; {platform.machine()}, 1 thread")


def _draw(plan: Plan, folder: Path, chosen: Sequence[str] | None) -> None:
    """Render the stores, train, and render every pair."""
    puppets = puppets_digest()
    if plan.examples:
        origin = {"puppets": puppets, "seed": STORE_SEED, "styles": SEEN}
        draw_store(folder / "store", Lessons(plan.size), plan.examples, origin, _every(100, "examples drawn"))
    for alignment in plan.alignments:
        origin = {"puppets": puppets, "alignment": alignment, "frames": plan.frames}
        pairs = Pairings(alignment, plan)
        draw_store(folder / alignment, pairs, 2 * plan.per_domain, origin, _every(28, f"pairs, {alignment}"))
    for run in plan.runs():
        if not chosen or run.name in chosen:
            if run.family.steps:
                train(run, folder / "store", folder / run.name, _saying(run))
            for alignment in plan.alignments:
                draw_run(run, alignment, folder / alignment, folder / run.name)


def _measure(plans: Sequence[Plan], folder: Path, out: Path) -> None:
    """Write the results; rows of families outside the plans are kept."""
    names = [plan.family.name for plan in plans]
    found = {name: _kept(out, name) for name in FAMILIES if name not in names}
    for plan in plans:
        bench = Bench(plan, folder / plan.family.name)
        rng = np.random.default_rng((SEED, tuple(FAMILIES).index(plan.family.name)))
        found[plan.family.name] = list(rows(bench, rng))
    write_rows(out, HEADER, (row for name in FAMILIES for row in found[name]))


def _kept(out: Path, family: str) -> list[Row]:
    if not out.exists():
        return []
    with out.open(encoding="utf-8", newline="") as file:
        return [[row[name] for name in HEADER] for row in csv.DictReader(file) if row["family"] == family]


def _picture(plans: Sequence[Plan], folder: Path, path: Path) -> None:
    """Write the picture."""
    sheets = []
    for plan in plans:
        shown = [number for number in SHOWN if number < 2 * plan.per_domain]
        sheets.append(sheet(plan, folder / plan.family.name, shown))
    whole = cv2.cvtColor(np.concatenate(sheets), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(path), whole, [cv2.IMWRITE_JPEG_QUALITY, 75])


def _saying(run: Run) -> Callable[[int, float], None]:
    began = time.process_time()

    def say(step: int, loss: float) -> None:
        if step % 50 == 0:
            spent = time.process_time() - began
            _say(f"{run.name}: step {step} of {run.family.steps}, loss {loss:.4f}, {spent:.0f} CPU s")

    return say


def _every(count: int, what: str) -> Callable[[int, int], None]:
    return lambda done, total: None if done % count else _say(f"{done} of {total} {what}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
