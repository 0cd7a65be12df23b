"""Sampled heads: what varies together, exaggerated proportions, and the measures of odd heads."""

from dataclasses import replace

import numpy as np
import pytest

from generator.avatars import avatar_head
from generator.avatars.plausibility import RANGES, faults, measure, plausible_character
from generator.avatars.proportions import Proportions, anime, cartoon
from generator.avatars.shapes import DEFAULT_LIMIT, FACTORS, LIMITS, HeadShape, sample_character, sample_shape

PLAIN = [name.split("/")[-1] for name in avatar_head().shape_names]


def control(shape, name):
    return shape.values[PLAIN.index(name)]


def test_every_factor_and_limit_names_a_control():
    named = {name for factor in FACTORS.values() for name in factor} | set(LIMITS)
    assert named <= set(PLAIN[7:])


def test_the_same_seed_gives_the_same_head_and_limits_hold():
    heads = [sample_shape(np.random.default_rng(seed)) for seed in range(60)]
    assert np.array_equal(heads[7].values, sample_shape(np.random.default_rng(7)).values)
    limits = np.array([LIMITS.get(name, DEFAULT_LIMIT) for name in PLAIN[7:]])
    assert (np.abs(np.stack([head.values[7:] for head in heads])) <= limits + 1e-6).all()
    assert 0 < np.stack([head.asymmetry for head in heads]).max() < 0.25
    assert 0.3 < np.mean([head.feminine for head in heads]) < 0.7


def test_features_of_one_group_vary_together_and_others_do_not():
    heads = [sample_shape(np.random.default_rng(seed)) for seed in range(400)]
    values = np.stack([head.values for head in heads])

    def correlation(one, other):
        return np.corrcoef(values[:, PLAIN.index(one)], values[:, PLAIN.index(other)])[0, 1]

    assert correlation("mouth-upperlip-volume", "mouth-lowerlip-volume") > 0.7
    assert correlation("nose-scale-horiz", "nose-nostrils-width") > 0.7
    assert correlation("cheek-volume", "head-fat") > 0.5
    assert correlation("weight", "cheek-inner") > 0.15
    assert abs(correlation("mouth-upperlip-volume", "ear-scale")) < 0.15


@pytest.mark.slow
@pytest.mark.parametrize("draw", [cartoon, anime])
def test_lids_keep_to_stretched_eyeballs(draw):
    head = avatar_head()
    shape = sample_shape(np.random.default_rng(2))
    wide = replace(shape, proportions=draw(np.random.default_rng(3)))
    plain, toon = shape.build(), wide.build()
    before, after = measure(shape), measure(wide)
    assert (toon.eyes[0].radius > 1.3 * plain.eyes[0].radius[0]).any()
    assert after.eye_distance > before.eye_distance
    assert after.eye_when_shut < 0.03 and after.eye_beside_lids < 0.02
    # Seen from the eyeball, the lids lie where they lay before: the same affine map moved both.
    lids = head.asset.masks["eyelids"] > 0.9
    for side, old, new in zip((1, -1), plain.eyes, toon.eyes, strict=True):
        near = lids & (plain.coarse[: head.asset.body, 0] * side > 0)
        near &= (np.abs(plain.coarse[: head.asset.body] - old.centre) < (0.16, 0.08, 0.2)).all(1)
        moved = head.expressed(toon, head.layout.neutral())[: head.asset.body]
        here = (plain.coarse[: head.asset.body] - old.centre)[near] / old.radius
        there = (moved - new.centre)[near] / new.radius
        assert near.sum() > 50 and np.abs(here - there).max() < 0.25 and np.median(np.abs(here - there)) < 0.03


def test_no_proportions_change_nothing():
    head = avatar_head()
    shape = sample_shape(np.random.default_rng(5))
    plain = head.neutral(shape.values, shape.asymmetry)
    same = head.neutral(shape.values, shape.asymmetry, Proportions())
    assert head.expressed(same, head.layout.neutral()) == pytest.approx(plain.coarse, abs=1e-6)


@pytest.mark.slow
def test_odd_heads_are_named_and_plausible_ones_are_not():
    good = plausible_character(np.random.default_rng(0), "real")
    assert faults(measure(good), "real") == ()
    sleepy = good.with_controls(eye_height1=-1, eye_height2=-1.5, eye_height3=-1)
    assert any(fault.startswith("eye_opening is 0.") for fault in faults(measure(sleepy), "real"))
    slanted = good.with_controls(eye_corner1=1.0, eye_corner2=-1.0)
    assert any(fault.startswith("eye_tilt") for fault in faults(measure(slanted), "real"))
    wide = good.with_controls(mouth_scale_horiz=2.0)
    assert any(fault.startswith("mouth_width") for fault in faults(measure(wide), "real"))


@pytest.mark.slow
def test_an_eyeball_before_the_lids_and_teeth_before_the_lips_are_measured():
    good = plausible_character(np.random.default_rng(0), "real")
    bulging = replace(good, proportions=Proportions())
    head = avatar_head()
    person = bulging.build()
    assert measure(good).eye_when_shut < 0.01
    large = [replace(eye, radius=eye.radius * 1.2) for eye in person.eyes]
    swollen = measure(good, replace(person, eyes=(large[0], large[1])))
    assert swollen.eye_when_shut > 0.1 or swollen.eye_beside_lids > 0.1
    coarse = person.coarse.copy()
    for name in ("upper_teeth", "lower_teeth"):
        coarse[head.asset.parts[name], 2] += 0.15
    assert measure(good, replace(person, coarse=coarse)).teeth_before_lips > 0.1


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["real", "cartoon", "anime"])
def test_every_measure_has_a_range_and_most_heads_are_plausible(kind):
    shapes = [sample_character(np.random.default_rng(seed), kind) for seed in range(5)]
    measures = [measure(shape) for shape in shapes]
    assert set(RANGES[kind]) == set(type(measures[0]).__dataclass_fields__)
    assert np.mean([not faults(one, kind) for one in measures]) >= 0.6
    assert all(isinstance(shape, HeadShape) for shape in shapes)
