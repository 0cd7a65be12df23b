"""Draw the picture of docs/claims.md: arms side by side with source, drive and truth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from benchmarks.paper_claims.arms import Alignment, Plan
from benchmarks.paper_claims.cases import pairing
from generator.puppets import render
from generator.training.data.batch import Picture

_SIDE, _CAPTION = 128, 18
_ARMS: tuple[tuple[str, bool, Alignment], ...] = (
    ("baseline", False, "drive-shape"), ("+ alignment", False, "aligned"), ("+ adapter", True, "drive-shape"),
    ("both", True, "aligned"),
)  # fmt: skip


def sheet(plan: Plan, folder: Path, shown: Sequence[int], seed: int = 0) -> Picture:
    """Return one row per pair: source (with the family's name), drive, truth, and the frames of the four arms.

    Args:
        plan: Plan of the rendered pairs.
        folder: Folder of the runs.
        shown: Numbers of the pairs; the moment with the widest open jaw is shown.
        seed: Seed of the runs.
    """
    runs = {run.adapter: run for run in plan.runs() if run.seed == seed}
    drawn = []
    for _, adapter, alignment in _ARMS:
        with np.load(folder / runs[adapter].name / f"{alignment}.npz") as file:
            drawn.append(file["frames"])
    titles = [plan.family.name, "drive", "truth", *(title for title, _, _ in _ARMS)]
    lines = [np.concatenate([_caption(title) for title in titles], 1)]
    for number in shown:
        pair = pairing(number, plan)
        index = int(np.argmax(pair.drive.expression[:, 0]))
        drive = render(pair.driver, pair.drive[index], plan.size).image
        known = [pair.case.picture, drive, pair.truth.frames[index].image]
        lines.append(np.concatenate([_small(one) for one in (*known, *(frames[number, index] for frames in drawn))], 1))
    return np.concatenate(lines)


def _small(picture: Picture) -> Picture:
    return np.asarray(cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def _caption(title: str) -> Picture:
    box = np.full((_CAPTION, _SIDE, 3), 255, np.uint8)
    cv2.putText(box, title, (3, _CAPTION - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.33, (0, 0, 0), 1, cv2.LINE_AA)
    return box
