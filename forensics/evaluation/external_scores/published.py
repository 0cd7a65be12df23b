"""Compute numbers in the way in which they are published, for comparison with the corrected ones.

Each function repeats the method of a well-known benchmark, including its faults. None of them is used for a number of
ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forensics.evaluation.metrics import classification as metrics
from forensics.evaluation.metrics.counts import Floats, Labels

HALF = 0.5
TOP_READINGS = 3


@dataclass(frozen=True, slots=True)
class ByFolder:
    """The video AUC of frames grouped only by the name of their folder.

    Attributes:
        auc: AUC of the groups.
        groups: Number of groups.
        merged: Number of groups with frames of several videos.
    """

    auc: float
    groups: int
    merged: int


def by_folder(folders: Sequence[str], videos: Sequence[str], labels: Labels, scores: Floats) -> ByFolder:
    """Compute the video AUC as DeepfakeBench does: a folder's name is the video, and its mean label is rounded down.

    Args:
        folders: (N,) name of the folder of each frame.
        videos: (N,) true key of the video of each frame.
        labels: (N,) 0 or 1.
        scores: (N,).

    Raises:
        MetricError: The groups have one class only.
    """
    names, group_of = np.unique(np.array(folders), return_inverse=True)
    counts = np.bincount(group_of)
    group_scores = np.bincount(group_of, weights=scores) / counts
    group_labels = (np.bincount(group_of, weights=labels) / counts).astype(np.int64)
    inside: list[set[str]] = [set() for _ in names]
    for group, video in zip(group_of, videos, strict=True):
        inside[int(group)].add(video)
    merged = sum(len(one) > 1 for one in inside)
    return ByFolder(metrics.auc(group_labels, group_scores), len(names), merged)


def nearest_eer(labels: Labels, scores: Floats) -> float:
    """Return the false positive rate at the ROC point where it lies nearest to the false negative rate.

    The points are those of scikit-learn's `roc_curve`, which leaves out points on a straight line. Where no point has
    equal FPR and FNR, the result is one of two values around the equal error rate.

    Raises:
        MetricError: A class is missing or a score is not finite.
    """
    positive, negative = metrics.split_classes(labels, scores)
    values = np.unique(scores)[::-1]
    true = len(positive) - np.searchsorted(np.sort(positive), values)
    false = len(negative) - np.searchsorted(np.sort(negative), values)
    if len(values) > 2:
        bent = (np.diff(true, 2) != 0) | (np.diff(false, 2) != 0)
        kept = np.flatnonzero(np.concatenate(([True], bent, [True])))
        true, false = true[kept], false[kept]
    fpr = np.concatenate(([0.0], false / len(negative)))
    fnr = 1 - np.concatenate(([0.0], true / len(positive)))
    return float(fpr[np.argmin(np.abs(fnr - fpr))])


def accuracy_at_half(labels: Labels, scores: Floats) -> float:
    """Return the share of samples on the right side of 0.5, regardless of the share of either class."""
    return float(((scores > HALF) == (labels == 1)).mean())


def best_accuracy(labels: Labels, scores: Floats) -> float:
    """Return the highest accuracy of any threshold on the test itself, as several papers report it."""
    order = np.argsort(scores, kind="stable")
    truth = (np.asarray(labels)[order] == 1).astype(np.int64)
    right = np.concatenate(([truth.sum()], truth.sum() + np.cumsum(1 - 2 * truth)))
    last_of_value = np.flatnonzero(np.append(np.diff(np.asarray(scores)[order]) > 0, True)) + 1
    return float(right[np.concatenate(([0], last_of_value))].max() / len(truth))


def top_mean(readings: Sequence[float]) -> float:
    """Return the mean of the three best results of a test set, as in DeepfakeBench's tables."""
    return float(np.mean(sorted(readings, reverse=True)[:TOP_READINGS]))
