"""Weighed sums of metrics over the same draws of identities."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from forensics.evaluation import MetricError, Term, contrast, paired_interval
from forensics.evaluation.metrics.named_metrics import AUC


def table(seed: int, people: int = 30) -> tuple[np.ndarray, list[tuple[str, ...]], list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    labels = np.tile([0, 1], people)
    person = rng.normal(0, 1, people).repeat(2)
    identities = [(f"p{row // 2}",) for row in range(2 * people)]
    return labels, identities, [labels + person + rng.normal(0, 1, 2 * people) for _ in range(3)]


def test_a_mean_over_runs_is_the_mean_of_their_metrics() -> None:
    labels, identities, runs = table(0)
    found = contrast([Term(1 / 3, AUC, run) for run in runs], labels, identities, np.random.default_rng(0))
    assert found.value == pytest.approx(np.mean([roc_auc_score(labels, run) for run in runs]), abs=1e-12)
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high


@pytest.mark.slow
def test_the_interval_is_that_of_repeated_rows() -> None:
    labels, identities, runs = table(1, people=12)
    found = contrast([Term(0.5, AUC, run) for run in runs[:2]], labels, identities, np.random.default_rng(3))
    rng, slow = np.random.default_rng(9), []
    for _ in range(1500):
        drawn = rng.integers(12, size=12)
        rows = np.concatenate([np.array([2 * person, 2 * person + 1]) for person in drawn])
        slow.append(np.mean([roc_auc_score(labels[rows], run[rows]) for run in runs[:2]]))
    assert found.spread == pytest.approx(np.std(slow, ddof=1), rel=0.1)
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(slow, (2.5, 97.5))), abs=0.03)


def test_what_moves_all_terms_alike_cancels_out() -> None:
    labels, identities, (run, *_) = table(2)
    found = contrast([Term(1, AUC, run), Term(-1, AUC, 2 * run)], labels, identities, np.random.default_rng(0))
    assert (found.value, found.low, found.high) == (0, 0, 0)


def test_a_difference_of_two_is_the_paired_interval() -> None:
    labels, identities, (first, second, _) = table(4)
    found = contrast([Term(1, AUC, first), Term(-1, AUC, second)], labels, identities, np.random.default_rng(5))
    paired = paired_interval(AUC, labels, first, second, identities, np.random.default_rng(5))
    assert (found.value, found.low, found.high) == (paired.difference, paired.low, paired.high)


def test_one_person_gives_no_interval_and_no_term_is_refused() -> None:
    labels, _, (run, *_) = table(0)
    found = contrast([Term(1, AUC, run)], labels, [("p",)] * 60, np.random.default_rng(0))
    assert (found.low, found.high, found.spread) == (None, None, None)
    with pytest.raises(MetricError, match="at least one term"):
        contrast([], labels, [("p",)] * 60, np.random.default_rng(0))
