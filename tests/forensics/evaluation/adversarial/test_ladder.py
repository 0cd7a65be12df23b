"""The ladder: every detector attacked, every target measured, on files that go the ordinary way."""

from __future__ import annotations

import numpy as np
import pytest

from detectors import Detector, create_detector
from forensics.corpus import Corpus, Sample, Split
from forensics.evaluation import Measure
from forensics.evaluation.adversarial import AttackPlan, measure_attacks
from forensics.evaluation.errors import MetricError
from forensics.evaluation.run.score_corpus import score_samples

PLAN = AttackPlan(epsilons=(2, 8), steps=6, per_clip=2, seed=3, replicates=40)


@pytest.fixture(scope="module")
def targets() -> dict[str, Detector]:
    return {"one": create_detector("toy_resnet18", seed=1), "two": create_detector("toy_cpu", seed=2)}


@pytest.fixture(scope="module")
def samples(tiny_corpus: Corpus) -> tuple[Sample, ...]:
    return tuple(sample for sample in tiny_corpus.where(split=Split.TEST) if sample.slice == "main")


@pytest.fixture(scope="module")
def thresholds(targets: dict[str, Detector], tiny_corpus: Corpus, samples: tuple[Sample, ...]) -> dict[str, float]:
    """Between the files' scores, so that there is something to turn."""
    return {
        name: float(np.median(score_samples(detector, tiny_corpus, samples, per_clip=2).by_video().scores))
        for name, detector in targets.items()
    }


@pytest.fixture(scope="module")
def measured(targets, thresholds, tiny_corpus, samples) -> dict[str, tuple[Measure, ...]]:
    third = {"third": create_detector("toy_srm", seed=3)}
    return measure_attacks(targets, thresholds, tiny_corpus, samples, PLAN, surrogates=third)


def value(measures: tuple[Measure, ...], name: str, distortion: str, severity: int) -> float:
    (found,) = (
        one.value for one in measures if (one.name, one.distortion, one.severity) == (name, distortion, severity)
    )
    return found


def test_every_target_is_measured_under_every_attack(measured) -> None:
    assert set(measured) == {"one", "two"}
    for name, other in (("one", "two"), ("two", "one")):
        cells = {(one.distortion, one.severity, one.parameter) for one in measured[name]}
        attacks = ("pgd", f"pgd from {other}", "pgd from third")
        rungs = {(attack, rung, f"ε {level}/255") for attack in attacks for rung, level in ((1, 2), (2, 8))}
        assert cells == rungs | {("pgd", 0, "ε 0/255")}
    counted = {(one.n_positive, one.n_negative) for one in measured["one"] if one.metric not in ("evaded", "framed")}
    assert counted == {(4, 4)}


def test_the_lowest_rung_is_the_ordinary_score(measured, targets, thresholds, tiny_corpus, samples) -> None:
    from sklearn.metrics import roc_auc_score

    for name, detector in targets.items():
        table = score_samples(detector, tiny_corpus, samples, per_clip=2).by_video()
        assert value(measured[name], "auc/video", "pgd", 0) == roc_auc_score(table.labels, table.scores)
        flagged = table.scores[table.labels == 1] > thresholds[name]
        assert value(measured[name], "tpr/video", "pgd", 0) == flagged.mean()


def test_the_white_box_harms_more_than_the_transfer_and_more_the_higher_the_rung(measured) -> None:
    for name, other in (("one", "two"), ("two", "one")):
        aucs = [value(measured[name], "auc/video", "pgd", rung) for rung in (0, 1, 2)]
        assert aucs[0] > aucs[2] and aucs[0] >= aucs[1] >= aucs[2]
        assert aucs[2] <= value(measured[name], "auc/video", f"pgd from {other}", 2)


def test_both_directions_are_counted(measured) -> None:
    for measures in measured.values():
        tpr, before = (value(measures, "tpr/video", "pgd", rung) for rung in (2, 0))
        turned = next(one for one in measures if one.metric == "evaded")
        assert (turned.n_positive, turned.n_negative) == (round(4 * before), 0)
        fpr, quiet = (value(measures, "fpr/video", "pgd", rung) for rung in (2, 0))
        evaded, framed = (value(measures, f"{name}/video", "pgd", 2) for name in ("evaded", "framed"))
        assert tpr == pytest.approx(before * (1 - evaded))
        assert fpr == pytest.approx(quiet + (1 - quiet) * framed)
        both, forged = (value(measures, f"{name}/video", "pgd", 2) for name in ("auc", "auc_forged_attacked"))
        assert both <= forged <= value(measures, "auc/video", "pgd", 0)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_measures(measured, targets, thresholds, tiny_corpus, samples) -> None:
    again = measure_attacks({"one": targets["one"]}, thresholds, tiny_corpus, samples, PLAN)
    assert again["one"] == tuple(one for one in measured["one"] if one.distortion == "pgd")


@pytest.mark.slow
def test_one_class_is_refused(targets, thresholds, tiny_corpus, samples) -> None:
    genuine = [sample for sample in samples if sample.label == "genuine"]
    with pytest.raises(MetricError, match="genuine"):
        measure_attacks(targets, thresholds, tiny_corpus, genuine, PLAN)
