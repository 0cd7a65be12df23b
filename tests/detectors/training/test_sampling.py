"""Test the order of training crops, and the hold-out."""

from __future__ import annotations

import numpy as np
import pytest

from detectors import TrainingError
from detectors.training.sampling import PairSampler, hold_out


def test_both_classes_are_drawn_equally_often_however_rare_one_is():
    labels = np.array([0] * 90 + [1] * 10)
    draws = list(PairSampler(labels, None).draws(np.random.default_rng(0)))
    assert len(draws) == 50
    assert {labels[draw.genuine] for draw in draws} == {0}
    counts = np.bincount([draw.manipulated for draw in draws], minlength=100)[90:]
    assert counts.tolist() == [5] * 10


def test_twins_are_drawn_together_with_one_seed():
    labels = np.array([0, 0, 0, 1, 1, 1])
    pairs = ["a", "b", "c", "c", "a", "b"]
    draws = list(PairSampler(labels, pairs).draws(np.random.default_rng(0)))
    assert all(pairs[draw.genuine] == pairs[draw.manipulated] for draw in draws)
    assert all(draw.seeds[0] == draw.seeds[1] for draw in draws)


def test_strangers_get_seeds_of_their_own():
    draws = list(PairSampler(np.array([0, 1, 0, 1]), None).draws(np.random.default_rng(0)))
    assert all(draw.seeds[0] != draw.seeds[1] for draw in draws)


def test_a_stranger_stands_beside_its_kin_and_is_varied_by_itself():
    labels = np.array([0, 0, 0, 0, 1, 1, 1])
    pairs = ["a1", "a2", "b1", "b2", "a2", "a9", "c1"]
    draws = list(PairSampler(labels, pairs, same_person=[name[0] for name in pairs]).draws(np.random.default_rng(0)))
    beside = {draw.manipulated: draw for draw in draws}
    assert beside[4].genuine == 1
    assert beside[4].seeds[0] == beside[4].seeds[1]
    assert beside[5].genuine in (0, 1)
    assert beside[5].seeds[0] != beside[5].seeds[1]
    assert beside[6].seeds[0] != beside[6].seeds[1]


def test_every_kind_of_manipulation_is_drawn_equally_often():
    labels = np.array([0] * 60 + [1] * 60)
    methods = [""] * 60 + ["old"] * 50 + ["new"] * 10
    for seed in range(5):
        draws = list(PairSampler(labels, None, methods).draws(np.random.default_rng(seed)))
        drawn = [methods[draw.manipulated] for draw in draws]
        assert len(draws) == 60
        assert drawn.count("old") == drawn.count("new") == 30
        assert len({draw.manipulated for draw in draws if methods[draw.manipulated] == "new"}) == 10
    without = list(PairSampler(labels, None).draws(np.random.default_rng(0)))
    assert [methods[draw.manipulated] for draw in without].count("new") == 10


def test_the_order_follows_the_seed():
    sampler = PairSampler(np.arange(40) % 2, None)
    first, again, other = (list(sampler.draws(np.random.default_rng(seed))) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_no_identity_stands_on_both_sides_of_the_hold_out():
    labels = np.arange(120) % 2
    groups = [(f"p{i // 12}",) if i % 2 == 0 else (f"p{i // 12}", f"p{i // 12 ^ 1}") for i in range(120)]
    for seed in range(10):
        training, validation = hold_out(labels, groups, 0.25, np.random.default_rng(seed))
        sides = [{name for index in side for name in groups[index]} for side in (training, validation)]
        assert not sides[0] & sides[1]
        assert sorted([*training, *validation]) == list(range(120))
        assert 0.25 <= len(validation) / 120 <= 0.5


def test_a_chain_of_forgeries_through_everybody_cannot_be_split():
    labels = np.array([0, 1, 0, 1, 0, 1])
    groups = [("a",), ("a", "b"), ("b",), ("b", "c"), ("c",), ("c", "a")]
    with pytest.raises(TrainingError, match="1 unlinked identities"):
        hold_out(labels, groups, 0.3, np.random.default_rng(0))


def test_a_crop_of_nobody_is_refused():
    with pytest.raises(TrainingError, match="at least one identity"):
        hold_out(np.array([0, 1]), [("a",), ()], 0.5, np.random.default_rng(0))


def test_one_class_alone_cannot_be_trained_on():
    with pytest.raises(TrainingError, match="0 manipulated"):
        PairSampler(np.zeros(5, int), None)
