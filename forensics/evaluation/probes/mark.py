"""Measure whether a detector reads our mark, on the same genuine files, plain and with a control mark.

Every file that our generator makes carries a mark. A detector that reads the mark would seem perfect on these files and
detect nothing else. The score's AUC between marked and plain files shows whether the mark changes the score. A linear
probe on the features shows whether they encode the mark at all.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detectors import Detector
from forensics.corpus import Label, Slice
from forensics.errors import CorpusError
from forensics.evaluation import Measure
from forensics.faces import CropTable

from .folds import cross_validate, line
from .outcome import Outcome, auc_measure, in_words

_NEAR = 0.1


def probe_mark(detectors: Sequence[tuple[str, Detector, CropTable]], *, seed: int, replicates: int = 1000) -> Outcome:
    """Probe detectors for our mark.

    Args:
        detectors: Name and detector, with crops of test samples, including the control slice, that were cut for it.
        seed: Seed of folds and bootstrap.
        replicates: Number of bootstrap replicates.

    Returns:
        `score_auc/video` and `feature_auc/video` of marked against plain genuine files, with the detector's name as
        slice; and a warning where the interval of either excludes 0.5.

    Raises:
        CorpusError: There is no control slice, or it is of one person.
    """
    measures: list[Measure] = []
    warnings: list[str] = []
    for name, detector, crop_table in detectors:
        rows = np.array(
            [row for row, sample in enumerate(crop_table.samples) if sample.label is Label.GENUINE], dtype=np.intp
        )
        names, first, video_of = np.unique(
            [crop_table.samples[row].id for row in rows], return_index=True, return_inverse=True
        )
        samples = [crop_table.samples[rows[row]] for row in first]
        labels = np.array([sample.slice is Slice.CONTROL for sample in samples], dtype=np.int64)
        identities = [sample.identities for sample in samples]
        if len(set(labels.tolist())) < 2:
            raise CorpusError("the mark probe wants genuine files with and without a control mark in the test split")
        crops = crop_table.crops[rows]
        counts = np.bincount(video_of, minlength=len(names))
        scores = np.bincount(video_of, weights=detector.probabilities(crops)) / counts
        features = np.zeros((len(names), detector.embed(crops[:1])[1].shape[1]))
        np.add.at(features, video_of, detector.embed(crops)[1])
        fit = cross_validate(line, features / counts[:, None], labels, identities, seed=seed)
        if fit is None:
            raise CorpusError("the mark probe wants control files of two people or more")
        for metric, values, note in (
            ("score_auc", scores, "of marked against plain genuine files; below 0.5 the mark lowers the score"),
            ("feature_auc", fit.scores, f"linear probe, {fit.folds} folds of people"),
        ):
            measure = auc_measure(metric, name, labels, values, identities, seed=seed, replicates=replicates, note=note)
            measures.append(measure)
            if not _may_be_chance(measure):
                what = "score" if metric == "score_auc" else "features"
                warnings.append(f"{name}: its {what} tell marked from plain genuine files with AUC {in_words(measure)}")
    return Outcome(
        "mark", "genuine test files against the same files with a control mark", tuple(measures), tuple(warnings)
    )


def _may_be_chance(measure: Measure) -> bool:
    """Return whether the interval contains 0.5, or without one the value is near it and is not a perfect order."""
    if measure.low is None or measure.high is None or measure.value in (0, 1):
        return abs(measure.value - 0.5) < _NEAR
    return measure.low <= 0.5 <= measure.high
