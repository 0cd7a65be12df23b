"""Counting through a compiled loop gives what NumPy counts, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.evaluation.metrics import resampling
from forensics.evaluation.metrics.counts import Ranking
from forensics.evaluation.metrics.intervals import bootstrap_intervals
from forensics.evaluation.metrics.named_metrics import CALIBRATION, RANKING
from forensics.evaluation.metrics.resampling import IdentityWeights


def test_groups_are_counted_as_numpy_counts_them(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 2, 400), rng.integers(0, 50, 400) / 49
    weights, ranking = IdentityWeights([(str(row),) for row in range(400)], 400), Ranking(labels, scores)
    plain = weights.in_groups(ranking.group_of, ranking.groups)
    monkeypatch.setattr(resampling, "_LARGE", 1)
    compiled = weights.in_groups(ranking.group_of, ranking.groups)
    assert plain is not None and compiled is not None
    chosen = weights.choose(rng, 7)
    np.testing.assert_array_equal(compiled(chosen), plain(chosen))
    assert compiled(chosen).sum(axis=1).tolist() == [400] * 7


def test_intervals_do_not_depend_on_how_it_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    labels, scores = rng.integers(0, 2, 300), rng.random(300).round(2)
    people = [(str(row),) for row in range(300)]

    def found() -> dict[str, object]:
        return dict(
            bootstrap_intervals(
                {**RANKING, **CALIBRATION}, labels, scores, people, np.random.default_rng(5), replicates=40
            )
        )

    plain = found()
    monkeypatch.setattr(resampling, "_LARGE", 1)
    assert found() == plain
