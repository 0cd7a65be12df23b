"""Groups and gaps against scikit-learn and by hand; chance gaps called chance; groups too small to speak of."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from forensics.evaluation import Measure, ScoreTable
from forensics.evaluation.measures.fairness import measure_fairness


def table(people: int = 24, *, bias: float = 0.0, seed: int = 0, attribute: bool = True) -> ScoreTable:
    """Four genuine and four forged videos of each person, two frames each; the scores of one group are shifted."""
    rng = np.random.default_rng(seed)
    rows = []
    for person in range(people):
        gender, age = ("female", "male")[person % 2], ("young", "old", "")[person % 3]
        own = rng.normal(0, 0.4)
        for video in range(8):
            label = video % 2
            logit = own + rng.normal(1.2 * label, 1) + bias * (gender == "female") * (1 - label)
            for frame in range(2):
                score = 1 / (1 + np.exp(-(logit + rng.normal(0, 0.2))))
                other = f"p{(person + 2) % people}"
                rows.append(
                    (
                        f"v{person}-{video}",
                        (f"p{person}", other) if label else (f"p{person}",),
                        label,
                        score,
                        gender,
                        age,
                        frame,
                    )
                )
    columns = list(zip(*rows, strict=True))
    return ScoreTable(
        columns[0], columns[1], np.array(columns[2]), np.array(columns[3]), ("main",) * len(rows),
        attributes={"gender": columns[4], "age": columns[5]} if attribute else {},
    )  # fmt: skip


def find(measures: tuple[Measure, ...], name: str, slice: str) -> Measure:
    (found,) = (one for one in measures if (one.name, one.slice) == (name, slice))
    return found


def rates(videos: ScoreTable, inside: np.ndarray, threshold: float) -> tuple[float, float]:
    flagged = videos.scores > threshold
    return tuple(float(flagged[inside & (videos.labels == label)].mean()) for label in (0, 1))


def test_groups_and_gaps_are_what_counting_gives() -> None:
    scores = table(bias=1.0)
    found = measure_fairness(scores, seed=1, threshold=0.6, replicates=200).measures
    videos = scores.by_video()
    gender = np.array(videos.attributes["gender"])
    everyone = rates(videos, np.ones(len(videos), bool), 0.6)
    aucs, points = {}, {}
    for value in ("female", "male"):
        inside = gender == value
        aucs[value] = roc_auc_score(videos.labels[inside], videos.scores[inside])
        points[value] = rates(videos, inside, 0.6)
        slice = f"gender={value}"
        assert find(found, "auc/video", slice).value == pytest.approx(aucs[value])
        assert find(found, "fpr/video", slice).value == pytest.approx(points[value][0])
        assert find(found, "fnr/video", slice).value == pytest.approx(1 - points[value][1])
        assert (find(found, "auc/video", slice).n_positive, find(found, "auc/video", slice).n_negative) == (48, 48)
    assert find(found, "auc_gap/video", "gender").value == pytest.approx(abs(aucs["female"] - aucs["male"]))
    assert find(found, "fpr_gap/video", "gender").value == pytest.approx(abs(points["female"][0] - points["male"][0]))
    away = [[abs(point[side] - everyone[side]) for point in points.values()] for side in (0, 1)]
    assert find(found, "f_efpr/video", "gender").value == pytest.approx(sum(away[0]))
    assert find(found, "f_eo/video", "gender").value == pytest.approx(sum(away[0]) + sum(away[1]))
    assert "highest female, lowest male" in find(found, "fpr_gap/video", "gender").note


def test_the_bootstrap_draws_people_as_it_does_for_the_whole_test() -> None:
    """One group that holds everybody has the interval that `bootstrap_intervals` gives."""
    from dataclasses import replace

    from forensics.evaluation import AUC, bootstrap_intervals

    scores = replace(table(), attributes={"all of us": ("yes",) * len(table())})
    found = find(
        measure_fairness(scores, seed=4, threshold=None, replicates=300).measures, "auc/video", "all of us=yes"
    )
    videos = scores.by_video()
    rng = np.random.default_rng(4)
    same = bootstrap_intervals({"auc": AUC}, videos.labels, videos.scores, videos.identities, rng, replicates=300)[
        "auc"
    ]
    assert (found.low, found.high) == (pytest.approx(same.low), pytest.approx(same.high))


def p_value(measure: Measure) -> float:
    return float(measure.note.split()[1])


def test_a_planted_bias_is_told_from_chance_and_chance_is_not() -> None:
    biased = measure_fairness(table(bias=2.0), seed=1, threshold=0.6, replicates=300).measures
    gap = find(biased, "fpr_gap/video", "gender")
    assert p_value(gap) < 0.02 and "dealt to other people" in gap.note
    assert gap.low is not None and gap.low > 0.1
    by_chance = [
        p_value(
            find(
                measure_fairness(table(seed=seed), seed=1, threshold=0.6, replicates=60).measures,
                "fpr_gap/video",
                "gender",
            )
        )
        for seed in range(24)
    ]
    assert np.mean(np.array(by_chance) < 0.1) < 0.35
    assert 0.3 < np.mean(by_chance) < 0.75


def test_unknown_values_count_in_no_group_and_small_groups_are_named() -> None:
    found = measure_fairness(table(people=8), seed=0, threshold=0.5, replicates=50, smallest=10)
    slices = {one.slice for one in found.measures}
    assert {"gender=female", "gender=male", "gender", "age=young", "age=old"} <= slices
    assert "age=" not in slices
    small = measure_fairness(table(people=7), seed=0, threshold=0.5, replicates=50, smallest=14)
    assert {one.slice for one in small.measures} == {"gender=female"}
    assert any(
        "gender: left out for fewer than 14" in text and "male (12 forged, 12 genuine)" in text
        for text in small.warnings
    )
    assert any(text.startswith("gender: fewer than two groups") for text in small.warnings)


def test_attributes_cross_on_request() -> None:
    slices = {
        one.slice for one in measure_fairness(table(), seed=0, threshold=None, replicates=20, crossed=True).measures
    }
    assert {"age×gender=young×female", "age×gender"} <= slices
    assert not any(
        one.metric.startswith("f_") for one in measure_fairness(table(), seed=0, threshold=None, replicates=20).measures
    )


def test_without_attributes_there_is_nothing_to_measure() -> None:
    found = measure_fairness(table(attribute=False), seed=0, threshold=0.5)
    assert found.measures == () and found.warnings == ()


def perfect(people: int) -> ScoreTable:
    """Two groups whose genuine videos are never flagged and whose forged videos always are, in one of them by far."""
    rows = [
        (f"v{group}{person}-{video}", (f"{group}{person}",), video % 2, 0.1 + 0.8 * (video % 2), group)
        for group in ("f", "m") for person in range(people) for video in range(12)
    ]  # fmt: skip
    columns = list(zip(*rows, strict=True))
    return ScoreTable(
        columns[0], columns[1], np.array(columns[2]), np.array(columns[3]), ("main",) * len(rows),
        attributes={"gender": columns[4]},
    )  # fmt: skip


@pytest.mark.parametrize("people", [5, 8, 30])
def test_a_rate_that_never_varies_has_the_exact_bounds_of_the_people_in_the_group(people: int) -> None:
    found = measure_fairness(perfect(people), seed=0, threshold=0.5, replicates=100).measures
    reach = 1 - 0.025 ** (1 / people)
    pairs = 1 - 0.025 ** (1 / (people // 2))
    for group in ("gender=f", "gender=m"):
        for name, low, high in (
            ("fpr", 0.0, reach), ("fnr", 0.0, reach), ("tpr", 1 - reach, 1.0), ("auc", 1 - pairs, 1.0)
        ):  # fmt: skip
            one = find(found, f"{name}/video", group)
            assert (one.low, one.high) == (pytest.approx(low), pytest.approx(high))
        assert find(found, "balanced_accuracy/video", group).low is None
    assert find(found, "fpr_gap/video", "gender").low is None
    assert all(one.low is None or one.high is None or one.low < one.high for one in found)


@pytest.mark.parametrize("people", [2, 3, 4])
def test_groups_of_fewer_than_five_people_have_no_interval(people: int) -> None:
    found = measure_fairness(perfect(people), seed=0, threshold=0.5, replicates=100)
    assert all(one.low is None and one.high is None for one in found.measures)
    assert f"gender: no intervals for groups of fewer than 5 people: f ({people}), m ({people})" in found.warnings
