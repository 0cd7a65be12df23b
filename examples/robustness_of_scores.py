"""Distort pictures by a suite, score them with a function, and print the AUC under each distortion with its interval.

The folder holds `labels.csv` with the columns file, label (0 genuine, 1 manipulated) and person. The intervals are 95 %
bootstrap intervals over people. `facetrail evaluate --suite list` names the suites.

    python examples/robustness_of_scores.py FOLDER [SUITE]
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.distortions import distort, gather_cells
from forensics.evaluation import AUC, Interval, bootstrap_intervals
from watermark import read_media

Picture = NDArray[np.uint8]


def my_score(picture: Picture) -> float:
    """Return a score of a picture (H, W, 3), higher where it is rather manipulated; replace it by your model's."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return -float(np.abs(cv2.Laplacian(grey, cv2.CV_32F)).mean())


def robustness(folder: Path, suite: str, score: Callable[[Picture], float]) -> dict[str, Interval]:
    """Return the AUC on undistorted pictures and on those of each cell of a suite."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    clips = [read_media(folder / row["file"]).frames for row in rows]
    labels, people = np.array([int(row["label"]) for row in rows]), [(row["person"],) for row in rows]
    cells, _ = gather_cells([suite])  # the second are those whose video encoder is absent
    scores = {"undistorted": np.array([score(clip[0]) for clip in clips])}
    for cell in cells:
        changed = [distort(clip, cell.name, cell.severity, np.random.default_rng(i)) for i, clip in enumerate(clips)]
        scores[f"{cell.name}, {cell.parameter}"] = np.array([score(clip[0]) for clip in changed])
    rng = np.random.default_rng(0)
    return {name: bootstrap_intervals({"auc": AUC}, labels, of, people, rng)["auc"] for name, of in scores.items()}


def main(arguments: Sequence[str] | None = None) -> dict[str, Interval]:
    """Measure and print."""
    folder, *suite = sys.argv[1:] if arguments is None else arguments
    found = robustness(Path(folder), suite[0] if suite else "everyday", my_score)
    for name, auc in found.items():
        bounds = "no interval" if auc.low is None else f"{auc.low:.3f} to {auc.high:.3f}"
        print(f"{name:32} AUC {auc.value:.3f}  ({bounds})")
    return found


if __name__ == "__main__":
    main()
