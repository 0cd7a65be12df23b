"""Measure how well a detector separates people: implicit identity leakage (Dong et al. 2023, CADDM).

A linear probe on a detector's pooled features names the person in genuine videos that it was not fitted on. A detector
whose features encode identities can remember who was forged in training. Any picture of a face shows its identity, so a
probe on thumbnails measures how easy the task is without a detector.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors import Detector
from forensics.corpus import Label, Slice
from forensics.errors import CorpusError
from forensics.evaluation import Level, Measure, bootstrap_intervals
from forensics.faces import CropTable

from .folds import FOLDS, line
from .outcome import Outcome

_THUMBNAIL = 16


def probe_identity(
    detectors: Sequence[tuple[str, Detector, CropTable]], *, seed: int, replicates: int = 1000
) -> Outcome:
    """Probe detectors for identities.

    Args:
        detectors: Name and detector, with crops of test samples that were cut for it.
        seed: Seed of folds and bootstrap.
        replicates: Number of bootstrap replicates.

    Returns:
        `identity_accuracy/frame` and, from thumbnails alone, `identity_accuracy_of_thumbnails/frame`, with the
        detector's name as slice. The note contains the chance level.

    Raises:
        CorpusError: Fewer than two people have two genuine videos.
    """
    measures: list[Measure] = []
    for name, detector, crop_table in detectors:
        rows = _rows(crop_table)
        people = np.array([crop_table.samples[row].identities[0] for row in rows])
        videos = np.array([crop_table.samples[row].id for row in rows])
        crops = crop_table.crops[rows]
        for metric, features in (
            ("identity_accuracy", detector.embed(crops)[1]),
            ("identity_accuracy_of_thumbnails", thumbnails(crops)),
        ):
            right = name_people(features, people, videos, seed=seed)
            measures.append(_measure(metric, name, right, people, seed, replicates))
    return Outcome(
        "identity", "linear probe on genuine videos, fitted on other videos of the same people", tuple(measures)
    )


def name_people(
    features: NDArray[np.float64], people: NDArray[np.str_], videos: NDArray[np.str_], *, seed: int
) -> NDArray[np.bool_]:
    """Return for each row whether a linear probe that was fitted on other videos names its person.

    Args:
        features: (N, D).
        people: (N,) person of each row.
        videos: (N,) video of each row; a video is on one side only.
        seed: Seed of the assignment of videos to folds.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    _, kind = np.unique(people, return_inverse=True)
    fewest = min(len(set(videos[people == person])) for person in set(people))
    right = np.zeros(len(people), dtype=np.bool_)
    folds = StratifiedGroupKFold(min(FOLDS, fewest), shuffle=True, random_state=seed)
    for known, asked in folds.split(features, kind, videos):
        right[asked] = line().fit(features[known], kind[known]).predict(features[asked]) == kind[asked]
    return right


def thumbnails(crops: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return grey thumbnails (N, 256) of crops (N, S, S, 3)."""
    grey = [cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY) for crop in crops]
    small = [cv2.resize(plane, (_THUMBNAIL, _THUMBNAIL), interpolation=cv2.INTER_AREA) for plane in grey]
    return np.stack(small).reshape(len(crops), -1).astype(np.float64)


def _rows(crop_table: CropTable) -> NDArray[np.intp]:
    """Return the rows of crops of genuine, plain videos of people with at least two such videos."""
    videos: dict[str, set[str]] = {}
    for sample in crop_table.samples:
        if sample.label is Label.GENUINE and sample.slice is Slice.MAIN:
            videos.setdefault(sample.identities[0], set()).add(sample.id)
    several = {person for person, names in videos.items() if len(names) > 1}
    if len(several) < 2:
        raise CorpusError("the identity probe wants two people with two genuine videos each in the test split")
    return np.array(
        [
            row
            for row, sample in enumerate(crop_table.samples)
            if sample.label is Label.GENUINE and sample.slice is Slice.MAIN and sample.identities[0] in several
        ]
    )


def _measure(
    metric: str, detector: str, right: NDArray[np.bool_], people: NDArray[np.str_], seed: int, replicates: int
) -> Measure:
    found = bootstrap_intervals(
        {metric: lambda labels, scores: float(scores.mean())},
        np.zeros(len(right), dtype=np.int64),
        right.astype(np.float64),
        [(str(person),) for person in people],
        np.random.default_rng(seed),
        replicates=replicates,
    )[metric]
    count = len(set(people))
    note = f"chance {1 / count:.3f}, {count} people"
    return Measure.of(metric, found, 0, len(right), level=Level.FRAME, slice=detector, note=note)
