"""Cells of a robustness grid."""

from dataclasses import replace

import numpy as np
import pytest

from forensics.evaluation import (
    UNDISTORTED,
    AppliedDistortion,
    ScoresError,
    ScoreTable,
    bootstrap_intervals,
    measure_cell,
)

PEOPLE = 12


def table(genuine, forged):
    scores = np.array([*genuine, *forged], dtype=float)
    names = tuple(f"v{number}" for number in range(len(scores)))
    labels = np.repeat([0, 1], [len(genuine), len(forged)])
    return ScoreTable(
        names, tuple((f"p{n % PEOPLE}",) for n in range(len(scores))), labels, scores, ("main",) * len(scores)
    )


CLEAN = table(np.linspace(0, 0.6, 24), np.linspace(0.4, 1, 24))


BLUR = AppliedDistortion("blur", 2)


def cell(distorted, **changes):
    settings = {"threshold": 0.5, "seed": 0, "applied": BLUR, "replicates": 200}
    found = measure_cell(CLEAN, distorted, **{**settings, **changes})
    return {one.name.removesuffix("/video"): one for one in found}


def test_false_alarms_drift_where_the_auc_says_that_all_is_well():
    brighter = table(np.linspace(0, 0.6, 24) + 0.4, np.linspace(0.4, 1, 24) + 0.4)
    found = cell(brighter)
    assert found["auc"].value == pytest.approx(cell(CLEAN)["auc"].value)
    clean, now = (np.linspace(0, 0.6, 24) + shift > 0.5 for shift in (0, 0.4))
    assert found["fpr_drift"].value == pytest.approx(now.mean() - clean.mean())
    assert found["fpr"].value - found["fpr_drift"].value == pytest.approx(clean.mean())
    assert found["genuine_shift"].value == pytest.approx(0.4)
    assert found["forged_shift"].low == pytest.approx(0.4) == found["forged_shift"].high


def test_the_drift_is_paired_and_so_tighter_than_its_two_rates():
    worse = table(np.where(np.arange(24) % 6 == 0, 1.0, CLEAN.scores[:24]), CLEAN.scores[24:])
    found = cell(worse, replicates=1000)
    drift = found["fpr_drift"]
    assert drift.low < drift.value < drift.high
    rates = {"fpr": lambda labels, scores: float((scores[labels == 0] > 0.5).mean())}
    rng = np.random.default_rng(0)
    alone = bootstrap_intervals(rates, CLEAN.labels, CLEAN.scores, CLEAN.identities, rng, replicates=1000)["fpr"]
    unpaired = np.hypot(found["fpr"].high - found["fpr"].low, alone.high - alone.low)
    assert drift.high - drift.low < unpaired


def test_a_score_at_the_threshold_is_no_alarm():
    at = table(np.full(24, 0.5), np.ones(24))
    assert cell(at)["fpr"].value == 0
    assert cell(at)["fpr_drift"].value == pytest.approx(-(np.linspace(0, 0.6, 24) > 0.5).mean())


def test_every_measure_says_what_was_done():
    found = cell(CLEAN, applied=replace(BLUR, parameter="σ 1.2 px"), note="so")
    assert set(found) == {
        "auc", "balanced_accuracy", "fpr", "tpr", "fpr_drift", "genuine_shift", "forged_shift",
    }  # fmt: skip
    assert {(one.distortion, one.severity, one.parameter, one.note) for one in found.values()} == {
        ("blur", 2, "σ 1.2 px", "so")
    }
    assert {(one.n_positive, one.n_negative) for one in found.values()} == {(24, 24)}


def test_where_no_answer_changes_the_drift_is_bounded_by_the_number_of_people():
    drift = cell(CLEAN)["fpr_drift"]
    people = len({names[0] for names, label in zip(CLEAN.identities, CLEAN.labels, strict=True) if label == 0})
    assert drift.value == 0
    assert (1 - drift.high) ** people == pytest.approx(0.025)
    assert drift.low == -drift.high


def test_the_undistorted_cell_does_not_drift():
    assert "fpr_drift" not in cell(CLEAN, applied=UNDISTORTED)


def test_other_videos_are_refused():
    with pytest.raises(ScoresError, match="same videos"):
        cell(table(np.zeros(3), np.ones(3)))
