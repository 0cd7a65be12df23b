"""Score the pictures of a folder with a model of your own, and measure the scores.

The folder holds `labels.csv` with the columns file, label (0 genuine, 1 manipulated) and person. Replace `my_model` by
your network. The scores are written as CSV, which `facetrail evaluate --scores` reads too.

    python examples/own_scores.py FOLDER RESULTS
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.evaluation import Measure, ScoreTable, write_scores
from forensics.evaluation.run import Settings
from forensics.evaluation.run.evaluate_scores import evaluate_files
from watermark import read_media


def my_model(picture: NDArray[np.uint8]) -> float:
    """Return how likely a picture (H, W, 3) is manipulated, from 0 to 1: here, how little fine detail it shows."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return float(1 / (1 + np.abs(cv2.Laplacian(grey, cv2.CV_32F)).mean() / 4))


def score_folder(folder: Path) -> ScoreTable:
    """Return one row for each picture that `labels.csv` names."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return ScoreTable(
        videos=tuple(row["file"] for row in rows),
        identities=tuple((row["person"],) for row in rows),
        labels=np.array([int(row["label"]) for row in rows]),
        scores=np.array([my_model(read_media(folder / row["file"]).frames[0]) for row in rows]),
        slices=("main",) * len(rows),
    )


def main(arguments: Sequence[str] | None = None) -> tuple[Measure, ...]:
    """Score, write, measure and print."""
    folder, results = (Path(name) for name in (sys.argv[1:] if arguments is None else arguments))
    results.mkdir(parents=True, exist_ok=True)
    write_scores(score_folder(folder), results / "my_model.csv")
    (imported,) = evaluate_files([results / "my_model.csv"], Settings(seed=0), out=results)
    measures = imported.evaluated.report.measures
    for one in measures:
        interval = "no interval" if one.low is None else f"{one.low:.3f} to {one.high:.3f}"
        print(f"{one.name:32} {one.value:.3f}  ({interval})")
    return measures


if __name__ == "__main__":
    main()
