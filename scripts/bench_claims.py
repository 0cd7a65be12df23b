"""Test the paper's two claims on puppets, and write results/claims.csv and docs/images/claims.jpg.

Trains every arm on the same stored frames, draws pairs of unseen puppets with each, and measures them against the exact
truth. Whatever stands in the folder is taken as it is, so an interrupted run is continued by the same command, and
several processes may share the work (`--train normals-adapter-0 normals-plain-0` in one, other runs in another).
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from claims.arms import PLANS, SEEN, STORE_SEED, Plan, Run
from claims.bench import Bench
from claims.cases import Pairings
from claims.drawing import draw_run
from claims.lessons import Lessons
from claims.picture import sheet
from claims.results import HEADER, rows
from claims.training import train
from results_csv import write_rows

from generator.training.example_store import draw_store
from generator.training.puppet_clips import puppets_digest

ROOT = Path(__file__).parents[1]
SEED = 9005
"""Of the bootstrap and the permutations."""
SHOWN = (2, 28, 29)
"""Pairs of the picture: one of a seen style, two of held-out ones; fixed by number, not by looks."""


def main(arguments: Sequence[str] | None = None, plans: Sequence[Plan] = PLANS) -> None:
    """Train, draw, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("runs/claims"), help="stores, checkpoints and frames")
    parser.add_argument("--train", nargs="*", help="train and draw these runs, or all, and stop")
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "claims.csv")
    parser.add_argument("--picture", type=Path, default=ROOT / "docs" / "images" / "claims.jpg")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    for plan in plans:
        _draw(plan, options.folder / plan.family.name, options.train)
    if options.train is None:
        _measure(plans, options.folder, options.out, options.picture)
    print(f"python scripts/bench_claims.py {' '.join(sys.argv[1:])}; seed {SEED}; {platform.machine()}, 1 thread")


def _draw(plan: Plan, folder: Path, chosen: Sequence[str] | None) -> None:
    """Draw the stores, train, and draw every pair."""
    puppets = puppets_digest()
    if plan.examples:
        origin = {"puppets": puppets, "seed": STORE_SEED, "styles": SEEN}
        draw_store(folder / "store", Lessons(), plan.examples, origin, _every(100, "examples drawn"))
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


def _measure(plans: Sequence[Plan], folder: Path, out: Path, picture: Path) -> None:
    """Write the results and the picture."""
    rng = np.random.default_rng(SEED)
    benches = [Bench(plan, folder / plan.family.name) for plan in plans]
    write_rows(out, HEADER, (row for bench in benches for row in rows(bench, rng)))
    sheets = []
    for plan in plans:
        shown = [number for number in SHOWN if number < 2 * plan.per_domain]
        sheets.append(sheet(plan, folder / plan.family.name, shown))
    whole = cv2.cvtColor(np.concatenate(sheets), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(picture), whole, [cv2.IMWRITE_JPEG_QUALITY, 75])


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
