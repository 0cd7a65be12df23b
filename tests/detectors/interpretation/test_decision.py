from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from detectors import Call, ConformalDecision, TrainingError


def draw(rng, count, *, overlap=1.5):
    """Return labels and probabilities of two overlapping classes."""
    labels = np.repeat([0, 1], count)
    return labels, 1 / (1 + np.exp(-(rng.normal(0, 1, 2 * count) + overlap * (2 * labels - 1))))


@pytest.mark.parametrize(("alpha", "count"), [(0.1, 9), (0.05, 33)])
def test_either_class_gets_the_others_answer_at_most_at_the_risk_on_average(alpha, count):
    rng = np.random.default_rng(3)
    wrong, beyond = [], []
    for _ in range(200):
        decision = ConformalDecision.fit(*draw(rng, count), alpha)
        labels, fresh = draw(rng, 200)
        answers = np.array([decision.decide(value) for value in fresh])
        wrong.append(((answers[labels == 0] == Call.MANIPULATED).mean(), (answers[labels == 1] == Call.NO_SIGN).mean()))
        beyond.append(((fresh[labels == 0] > decision.upper).mean(), (fresh[labels == 1] < decision.lower).mean()))
    error = np.std(beyond, axis=0).max() / np.sqrt(len(beyond))
    assert (np.mean(wrong, axis=0) <= alpha + 3 * error).all()
    # each threshold uses exactly the largest multiple of 1/(n+1) up to α
    spent = np.floor(alpha * (count + 1) + 1e-9) / (count + 1)
    assert np.mean(beyond, axis=0) == pytest.approx(spent, abs=4 * error)


def test_with_confidence_the_true_rate_exceeds_the_risk_as_rarely_as_said():
    rng = np.random.default_rng(5)
    exceeded = []
    for _ in range(200):
        decision = ConformalDecision.fit(*draw(rng, 60), 0.1, confidence=0.9)
        labels, fresh = draw(rng, 1000)
        exceeded.append((fresh[labels == 0] > decision.upper).mean() > 0.1)
    assert np.mean(exceeded) <= 0.1 + 3 * np.sqrt(0.1 * 0.9 / 300)


@pytest.mark.parametrize("count", [22, 60, 300])
def test_the_confident_threshold_is_the_loosest_that_the_beta_of_its_rank_allows(count):
    genuine = np.sort(np.random.default_rng(count).random(count))
    labels = np.r_[np.zeros(count, int), 1]
    found = ConformalDecision.fit(labels, np.r_[genuine, 0.5], 0.1, confidence=0.9)
    beyond = int((genuine > found.upper).sum())
    assert beta.sf(0.1, beyond + 1, count - beyond) <= 0.1 < beta.sf(0.1, beyond + 2, count - beyond - 1)


def test_too_few_samples_give_no_answer_that_they_cannot_answer_for():
    labels, values = np.r_[np.zeros(8, int), np.ones(9, int)], np.r_[np.linspace(0.1, 0.2, 8), np.linspace(0.8, 1, 9)]
    decision = ConformalDecision.fit(labels, values, 0.1)
    assert decision.upper == 1.0 and decision.lower == pytest.approx(0.8)
    assert decision.decide(1.0) is Call.INCONCLUSIVE
    assert decision.decide(0.3) is Call.NO_SIGN


def test_without_a_risk_it_is_the_smallest_from_a_tenth_on_that_the_samples_can_answer_for():
    for count, risk in ((4, 1 / 5), (9, 0.1), (40, 0.1)):
        decision = ConformalDecision.fit(np.repeat([0, 1], [count, 50]), np.linspace(0, 1, count + 50), None)
        assert decision.alpha == pytest.approx(risk)
        assert decision.upper < 1 and decision.lower > 0


def test_what_neither_class_explains_is_inconclusive():
    labels = np.repeat([0, 1], 20)
    decision = ConformalDecision.fit(labels, np.r_[np.linspace(0, 0.2, 20), np.linspace(0.8, 1, 20)])
    assert decision.upper < 0.5 < decision.lower
    assert [decision.decide(value) for value in (0.05, 0.5, 0.95)] == [
        Call.NO_SIGN, Call.INCONCLUSIVE, Call.MANIPULATED
    ]  # fmt: skip


@settings(deadline=None)
@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=30),
    st.lists(st.floats(0, 1), min_size=1, max_size=30),
    st.floats(0.01, 0.5),
)
def test_the_validation_samples_themselves_never_exceed_the_risk(genuine, forged, alpha):
    labels = np.repeat([0, 1], [len(genuine), len(forged)])
    decision = ConformalDecision.fit(labels, np.array([*genuine, *forged]), alpha)
    assert np.mean([decision.decide(value) is Call.MANIPULATED for value in genuine]) <= alpha
    assert np.mean([decision.decide(value) is Call.NO_SIGN for value in forged]) <= alpha


def test_counted_by_people_the_risk_holds_even_for_the_worst_video_of_a_new_person():
    rng = np.random.default_rng(8)

    def draw_people(count, each=4):
        person = np.repeat(np.arange(2 * count), each)
        labels = (person < count).astype(int)
        logits = rng.normal(0, 2, 2 * count)[person] + rng.normal(2 * labels - 1, 0.5)
        return labels, 1 / (1 + np.exp(-logits)), [str(number % count) for number in person]

    rates = []
    for _ in range(200):
        labels, values, people = draw_people(9)
        decision = ConformalDecision.fit(labels, values, 0.1, people=people)
        assert decision.people and (decision.n_positive, decision.n_negative) == (9, 9)
        labels, fresh, _ = draw_people(20)
        rates.append((fresh[labels == 0].reshape(-1, 4).max(1) > decision.upper).mean())
    assert np.mean(rates) == pytest.approx(0.1, abs=4 * np.std(rates) / np.sqrt(200))
    assert "of the 9 people" in decision.sentence(Call.MANIPULATED)
    with pytest.raises(TrainingError, match="one each"):
        ConformalDecision.fit(labels, fresh, people=people[:3])


def test_the_sentence_states_risk_and_evidence():
    decision = ConformalDecision.fit(np.repeat([0, 1], [40, 30]), np.linspace(0, 1, 70), 0.1, confidence=0.9)
    said = decision.sentence(Call.MANIPULATED)
    assert "10%" in said and "90% confidence" in said and "40" in said and "genuine videos" in said
    assert "30" in decision.sentence(Call.NO_SIGN)


@pytest.mark.parametrize(
    ("labels", "values", "alpha", "confidence"),
    [([0, 0], [0.1, 0.2], 0.1, None), ([0, 1], [0.1, 1.2], 0.1, None), ([0, 1], [0.1, np.nan], 0.1, None),
     ([0, 1], [0.1, 0.2], 0.0, None), ([0, 1], [0.1, 0.2], 0.1, 1.0), ([0, 1], [0.1], 0.1, None)],
)  # fmt: skip
def test_bad_input_is_refused(labels, values, alpha, confidence):
    with pytest.raises(TrainingError):
        ConformalDecision.fit(np.array(labels), np.array(values), alpha, confidence=confidence)
