"""Write files as other programs do, for tests: DeepfakeBench's results and score tables of several formats."""

from __future__ import annotations

import csv
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

METHODS = ("Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures")


@dataclass(frozen=True, slots=True)
class FrameScores:
    """The scores of frames: paths (N,), labels (N,), scores (N,)."""

    paths: tuple[str, ...]
    labels: tuple[int, ...]
    scores: tuple[float, ...]


def faceforensics_scores(videos: int = 24, frames: int = 4, seed: int = 0, slash: str = "/") -> FrameScores:
    """Return scores of FaceForensics++ in DeepfakeBench's layout: every pair of ids under four unequal methods."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[str, int, float]] = []
    for number in range(videos):
        name = f"{number:03d}"
        rows += _frames(
            f"FaceForensics++/original_sequences/youtube/c23/frames/{name}", 0, rng.normal(0.35, 0.15), frames, rng
        )
        pair = f"{name}_{number ^ 1:03d}"
        for place, method in enumerate(METHODS):
            folder = f"FaceForensics++/manipulated_sequences/{method}/c23/frames/{pair}"
            rows += _frames(folder, 1, rng.normal(0.75 - 0.12 * place, 0.15), frames, rng)
    order = rng.permutation(len(rows))
    paths, labels, scores = zip(*(rows[i] for i in order), strict=True)
    return FrameScores(tuple(path.replace("/", slash) for path in paths), labels, scores)


def write_bench(folder: Path, found: FrameScores, dataset: str = "FaceForensics++", *, protocol: int = 4) -> Path:
    """Write DeepfakeBench's training folder: pickles of the best result, and a log of all results."""
    place = folder / "xception_2024-05-01-10-00-00" / "test" / dataset
    place.mkdir(parents=True)
    metrics = {
        "acc": 0.8, "auc": np.float64(0.9), "eer": np.float64(0.2), "ap": np.float64(0.95),
        "pred": np.array(found.scores, np.float32), "video_auc": np.float64(0.97), "label": np.array(found.labels),
    }  # fmt: skip
    names = {"image": found.paths, "label": tuple(label * (1 + i % 3) for i, label in enumerate(found.labels))}
    for name, content in (("metric_dict_best.pickle", metrics), ("data_dict_test.pickle", names)):
        (place / name).write_bytes(pickle.dumps(content, protocol=protocol))
    lines = [
        f"2024-05-01 11:00:0{i},123 - INFO - dataset: {dataset}    step: {i * 100}    "
        f"testing-metric, acc: 0.8    testing-metric, auc: {auc}    testing-metric, eer: 0.2    "
        f"testing-metric, ap: 0.95    testing-metric, video_auc: 0.97    "
        for i, auc in enumerate((0.70, 0.90, 0.80, 0.85))
    ]
    (place.parents[1] / "training.log").write_text("\n".join(lines) + "\n")
    return place.parents[1]


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]], delimiter: str = ",") -> Path:
    """Write a table."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=delimiter).writerows([header, *rows])
    return path


def _frames(
    folder: str, label: int, level: float, count: int, rng: np.random.Generator
) -> list[tuple[str, int, float]]:
    scores = np.clip(level + rng.normal(0, 0.05, count), 0, 1)
    return [(f"{folder}/{frame:03d}.png", label, float(np.float32(score))) for frame, score in enumerate(scores)]
