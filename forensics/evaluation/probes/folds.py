"""Cross-validate classifiers on people that they were not fitted on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from forensics.corpus import Sample, components

Floats = NDArray[np.float64]
FOLDS = 5
UNKNOWN = -1e3
"""Placeholder for an unknown number; boosted trees separate it."""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """The outcome of a cross-validation.

    Attributes:
        scores: (N,) rank of each sample within its fold, 0–1, higher for the positive class.
        folds: Number of folds.
        disjoint: Whether no identity, source or drive was on both sides; otherwise only the looks were separated.
    """

    scores: Floats
    folds: int
    disjoint: bool


def trees(seed: int, categorical: NDArray[np.bool_] | None = None) -> Any:  # noqa: ANN401 - scikit-learn has no types
    """Build boosted trees, for few samples, with categories as integers."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=60,
        max_depth=3,
        min_samples_leaf=5,
        early_stopping=False,
        class_weight="balanced",
        categorical_features=categorical,
        random_state=seed,
    )


def line() -> Any:  # noqa: ANN401 - scikit-learn has no types
    """Build a linear probe: logistic regression on standardised features."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000, class_weight="balanced"))


def cross_validate(
    build: Callable[[], Any],
    features: Floats,
    labels: NDArray[np.integer],
    groups: Sequence[object],
    *,
    seed: int,
    disjoint: bool = True,
) -> Fit | None:
    """Fit on all folds but one and score that one, for each fold in turn.

    Scores of different fits do not share a scale, so each score is replaced by its rank in its fold. Where the features
    are uninformative and samples are few, an AUC of these ranks lies somewhat below 0.5: a class that is too frequent
    on one side of a fold is too rare on the other.

    Args:
        build: Function that returns a new classifier.
        features: (N, D), NaN where unknown.
        labels: (N,) 0 or 1.
        groups: (N,) groups that must not be on both sides.
        seed: Seed of the assignment of groups to folds.
        disjoint: Recorded value of `disjoint`.

    Returns:
        The outcome, None where the groups are too few, or all of a class are in one.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    features = np.nan_to_num(features, nan=UNKNOWN)
    labels, (kinds, number) = np.asarray(labels), np.unique([str(group) for group in groups], return_inverse=True)
    folds = min(FOLDS, len(kinds), *np.bincount(labels, minlength=2).tolist())
    if folds < 2:
        return None
    scores = np.zeros(len(labels))
    for known, asked in StratifiedGroupKFold(folds, shuffle=True, random_state=seed).split(features, labels, number):
        if not len(asked):
            continue
        if len(np.unique(labels[known])) < 2:
            return None
        fitted = build().fit(features[known], labels[known])
        odds = np.round(fitted.predict_proba(features[asked])[:, 1], 9)
        scores[asked] = (rankdata(odds) - 0.5) / len(asked)
    return Fit(scores, folds, disjoint)


def people_of(samples: Sequence[Sample]) -> tuple[list[str], bool]:
    """Group samples that share an identity, a source or a drive; where that is all of them, group by look alone.

    Returns:
        (N,) name of each sample's group, and whether no person is in two groups.
    """
    linked = components(samples)
    if len(linked) > 1:
        group_of = {name: str(number) for number, group in enumerate(linked) for name in group}
        return [group_of[sample.id] for sample in samples], True
    return [sample.identities[0] for sample in samples], False
