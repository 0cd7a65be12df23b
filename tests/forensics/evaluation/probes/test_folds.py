"""Cross-validation that keeps people apart, and says nothing where there is nothing."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from forensics.evaluation.probes.folds import cross_validate, line, trees


class Recorder:
    """A classifier that remembers which rows it was fitted on and asked for; the first feature is the row's number."""

    def __init__(self, log: list[tuple[set[int], set[int]]]) -> None:
        self._log = log

    def fit(self, features: np.ndarray, labels: np.ndarray) -> Recorder:
        self._known = set(features[:, 0].astype(int).tolist())
        return self

    def predict_proba(self, features: np.ndarray) -> np.ndarray:
        self._log.append((self._known, set(features[:, 0].astype(int).tolist())))
        return np.stack([1 - features[:, 0], features[:, 0]], axis=1)


def test_every_sample_is_asked_once_by_a_fit_that_never_saw_its_group() -> None:
    log: list[tuple[set[int], set[int]]] = []
    groups = [number // 6 for number in range(60)]
    labels = np.arange(60) % 2
    fit = cross_validate(lambda: Recorder(log), np.arange(60.0)[:, None], labels, groups, seed=0)
    assert fit is not None and fit.folds == len(log) == 5
    assert sorted(row for _, asked in log for row in asked) == list(range(60))
    for known, asked in log:
        assert not {groups[row] for row in known} & {groups[row] for row in asked}


@pytest.mark.parametrize("build", [line, lambda: trees(0)])
def test_a_real_difference_is_found_and_noise_is_not(build) -> None:
    rng = np.random.default_rng(1)
    labels, groups = np.arange(200) % 2, np.arange(200) // 10
    noise = rng.normal(size=(200, 4))
    aucs = [
        roc_auc_score(labels, cross_validate(build, noise + shift * labels[:, None], labels, groups, seed=0).scores)
        for shift in (0.0, 2.0)
    ]
    assert 0.35 < aucs[0] < 0.65
    assert aucs[1] > 0.9


def test_what_gives_the_person_away_does_not_give_the_class_away() -> None:
    """Every person is of one class; a probe that met them would be perfect, one that did not knows nothing."""
    rng = np.random.default_rng(2)
    person = np.arange(240) // 8
    labels = rng.permutation(np.arange(30) % 2)[person]
    code = rng.normal(size=(30, 6))[person]
    fit = cross_validate(lambda: trees(0), code, labels, person.tolist(), seed=0)
    leaky = cross_validate(lambda: trees(0), code, labels, list(range(240)), seed=0)
    assert roc_auc_score(labels, leaky.scores) > 0.95
    assert roc_auc_score(labels, fit.scores) < 0.75


def test_features_without_content_give_one_half() -> None:
    labels = np.arange(40) % 2
    fit = cross_validate(lambda: trees(0), np.ones((40, 3)), labels, np.arange(40) // 4, seed=0)
    assert roc_auc_score(labels, fit.scores) == 0.5


def test_too_few_groups_are_no_cross_validation() -> None:
    labels = np.arange(8) % 2
    assert cross_validate(line, np.ones((8, 2)), labels, ["one"] * 8, seed=0) is None
    assert cross_validate(line, np.ones((8, 2)), labels, labels.tolist(), seed=0) is None
