"""Measures and the sealed test."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from forensics.evaluation import (
    Level,
    MetricError,
    ScoreTable,
    SealedTest,
    SealError,
    evaluate_sealed,
    measure_table,
    warnings_of,
)


def table(seed=0, videos=30, frames=4, offset=0.0):
    rng = np.random.default_rng(seed)
    number = np.repeat(np.arange(videos), frames)
    labels = number % 2
    scores = 1 / (1 + np.exp(-rng.normal(1.5 * labels - 0.7 + offset, 1)))
    people = [(f"p{n % 10}",) if n % 2 == 0 else (f"p{n % 10}", f"p{(n + 3) % 10}") for n in number]
    slices = ["control" if n % 6 == 0 else "plain" for n in number]
    return ScoreTable(tuple(f"v{n}" for n in number), tuple(people), labels, scores, tuple(slices))


def pick(measures, name, part="all"):
    (found,) = [measure for measure in measures if measure.name == name and measure.slice == part]
    return found


def test_every_number_carries_level_counts_and_interval():
    measures = measure_table(table(), seed=0, threshold=0.5, replicates=25)
    assert {measure.level for measure in measures} == {Level.FRAME, Level.VIDEO}
    for measure in measures:
        assert measure.name.endswith(f"/{measure.level}")
        assert np.isfinite(measure.value)
        if measure.low is None:  # what cannot vary between replicates: every video has as many frames
            assert measure.name.startswith("brier_uncertainty/") or measure.value in (0.5, 1)
        else:
            assert measure.low <= measure.high
        assert (measure.distortion, measure.severity) == ("none", 0)
    assert (pick(measures, "auc/frame").n_positive, pick(measures, "auc/frame").n_negative) == (60, 60)
    assert (pick(measures, "auc/video").n_positive, pick(measures, "auc/video").n_negative) == (15, 15)


def test_frame_and_video_auc_are_those_of_scikit_learn():
    rows = table()
    measures = measure_table(rows, seed=0, replicates=10)
    assert pick(measures, "auc/frame").value == pytest.approx(roc_auc_score(rows.labels, rows.scores))
    means = rows.scores.reshape(-1, 4).mean(axis=1)
    assert pick(measures, "auc/video").value == pytest.approx(roc_auc_score(rows.labels[::4], means))


def test_the_control_slice_is_measured_against_all_manipulated_samples():
    measures = measure_table(table(), seed=0, threshold=0.5, replicates=10)
    found = pick(measures, "fpr/video", "control")
    assert (found.n_positive, found.n_negative) == (15, 5)


def test_a_table_of_one_slice_is_measured_once():
    rows = table()
    plain = ScoreTable(rows.videos, rows.identities, rows.labels, rows.scores, ("plain",) * len(rows))
    assert {measure.slice for measure in measure_table(plain, seed=0, replicates=10)} == {"all"}


def test_without_a_threshold_nothing_is_measured_at_one():
    names = {measure.name for measure in measure_table(table(), seed=0, replicates=10)}
    assert not names & {"fpr/video", "tpr/video", "balanced_accuracy/video"}


def test_scores_that_are_no_probabilities_get_no_calibration_measure():
    rows = table()
    logits = ScoreTable(rows.videos, rows.identities, rows.labels, rows.scores * 9 - 3, rows.slices)
    names = {measure.name for measure in measure_table(logits, seed=0, replicates=10)}
    assert "auc/video" in names
    assert not names & {"ece/video", "brier/video", "log_loss/video"}


def test_notes_state_prevalence_and_thin_ground():
    measures = measure_table(table(), seed=0, replicates=10)
    assert pick(measures, "average_precision/video").note == "prevalence 0.500"
    assert "fewer than ten" in pick(measures, "tpr_at_fpr_1/video").note


def test_the_same_seed_gives_the_same_measures():
    assert measure_table(table(), seed=1, replicates=10) == measure_table(table(), seed=1, replicates=10)


def test_one_class_alone_cannot_be_measured():
    rows = table()
    genuine = rows.rows(np.flatnonzero(rows.labels == 0).tolist())
    with pytest.raises(MetricError, match="both classes"):
        measure_table(genuine, seed=0)


def report_of(test):
    return evaluate_sealed(test, corpus="toys", detector="toy", protocol="plain", seed=0, replicates=10)


def test_a_threshold_frozen_before_the_first_look_keeps_the_seal():
    test = SealedTest(table)
    test.freeze(0.5)
    report = report_of(test)
    assert report.sealed
    assert (report.corpus, report.detector, report.protocol, report.seed) == ("toys", "toy", "plain", 0)
    assert pick(report.measures, "fpr/video").value <= 1


def test_a_look_at_the_test_before_freezing_breaks_the_seal_for_good():
    test = SealedTest(table)
    test.open()
    test.freeze(0.5)
    assert not report_of(test).sealed


def test_a_test_is_not_measured_before_a_threshold_is_frozen():
    with pytest.raises(SealError, match="freeze"):
        report_of(SealedTest(table))


def test_a_second_threshold_is_refused():
    test = SealedTest(table)
    test.freeze(0.5)
    test.freeze(0.5)
    with pytest.raises(SealError, match=r"frozen at 0\.5"):
        test.freeze(0.4)


def test_the_scores_are_read_once_and_not_before_they_are_wanted():
    calls = []

    def read():
        calls.append(1)
        return table()

    test = SealedTest(read)
    test.freeze(0.5)
    assert not calls
    report_of(test)
    test.open()
    assert len(calls) == 1


@pytest.mark.parametrize(("people", "warned"), [(20, True), (24, False)])
def test_intervals_that_rest_on_few_people_say_so(people, warned):
    rng = np.random.default_rng(0)
    labels = np.tile([0, 1], people)
    names = tuple((f"p{number // 2}",) for number in range(2 * people))
    videos = tuple(f"v{number}" for number in range(2 * people))
    rows = ScoreTable(videos, names, labels, rng.random(2 * people), ("plain",) * (2 * people))
    found = warnings_of(measure_table(rows, seed=0, replicates=10), names)
    assert any("intervals rest on 20 people" in warning for warning in found) == warned
