"""Metrics on weighted counts against the same metrics on repeated rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.evaluation import CALIBRATION, RANKING, MetricError, Ranking, at_threshold

ALL = {**RANKING, **CALIBRATION, **at_threshold(0.5)}


@st.composite
def weighted_tables(draw):
    """Give labels, probabilities with ties, and whole weights of three replicates, some of them zero."""
    size = draw(st.integers(2, 40))
    labels = draw(st.lists(st.integers(0, 1), min_size=size, max_size=size))
    grid = draw(st.sampled_from([4, 10, 997]))
    scores = draw(st.lists(st.integers(0, grid), min_size=size, max_size=size))
    weights = draw(st.lists(st.integers(0, 3), min_size=3 * size, max_size=3 * size))
    return np.array(labels), np.array(scores) / grid, np.array(weights, dtype=float).reshape(3, size)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(weighted_tables())
def test_weighting_a_row_is_repeating_it(table):
    labels, scores, weights = table
    ranking = Ranking(labels, scores)
    counts = ranking.counts(weights[:, ranking.order])
    for name, metric in ALL.items():
        found = metric.of(counts)
        for row, replicate in enumerate(weights):
            rows = np.repeat(np.arange(len(labels)), replicate.astype(int))
            try:
                expected = metric(labels[rows], scores[rows])
            except MetricError:
                assert np.isnan(found[row]) or not len(rows), name
                continue
            assert found[row] == pytest.approx(expected, abs=1e-9), name


def test_no_weights_count_every_row_once():
    labels, scores = np.array([0, 1, 1, 0]), np.array([0.2, 0.2, 0.7, 0.1])
    counts = Ranking(labels, scores).counts()
    assert counts.values.tolist() == [0.1, 0.2, 0.7]
    assert counts.positive.tolist() == [0, 1, 1]
    assert counts.negative.tolist() == [1, 1, 0]


@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [
        ([0, 1], [0.1], "labels and scores"),
        ([0, 2], [0.1, 0.2], "genuine or 1 manipulated"),
        ([0, 1], [0.1, np.nan], "1 of 2 scores are not finite"),
        ([0, 1], [0.1, np.inf], "not finite"),
        ([[0], [1]], [[0.1], [0.2]], "labels and scores"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(labels, scores, message):
    with pytest.raises(MetricError, match=message):
        Ranking(np.array(labels), np.array(scores))


@pytest.mark.parametrize("name", list(ALL))
def test_an_empty_table_leaves_every_metric_undefined(name):
    with pytest.raises(MetricError, match="no sample"):
        ALL[name](np.array([], dtype=int), np.array([]))
