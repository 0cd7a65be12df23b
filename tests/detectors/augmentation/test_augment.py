"""Test the augmentation of training crops."""

from __future__ import annotations

import numpy as np

from detectors import AugmentConfig
from detectors.augmentation.augment import augment

ALWAYS = AugmentConfig(flip=1, jpeg=1, resize=1, blur=1, colour=1, noise=1, h264=1)
STEPS = ("flip", "jpeg", "resize", "blur", "colour", "noise", "h264")
NEVER = AugmentConfig(flip=0, jpeg=0, resize=0, blur=0, colour=0, noise=0)


def crop(seed=0):
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return np.kron(coarse, np.ones((6, 6, 1), np.uint8))


def test_equal_seeds_vary_a_crop_alike_and_other_seeds_do_not():
    first, again, other = (augment(crop(), np.random.default_rng(seed), ALWAYS) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_twins_get_the_same_variation_though_their_pixels_differ():
    genuine = np.full((48, 48, 3), 100, np.uint8)
    manipulated = genuine + np.uint8(20)
    config = AugmentConfig(flip=0.5, jpeg=0, resize=0.5, blur=0.5, colour=0, noise=1)
    for seed in range(20):
        pair = [augment(image, np.random.default_rng(seed), config).astype(int) for image in (genuine, manipulated)]
        assert np.array_equal(pair[1] - pair[0], np.full((48, 48, 3), 20))


def test_with_every_probability_zero_the_crop_stays_as_it_is():
    assert np.array_equal(augment(crop(), np.random.default_rng(0), NEVER), crop())


def test_every_variation_keeps_shape_and_type_and_changes_something():
    for name in STEPS:
        config = AugmentConfig(**{**dict.fromkeys(STEPS, 0), name: 1})
        varied = augment(crop(), np.random.default_rng(3), config)
        assert varied.shape == (48, 48, 3)
        assert varied.dtype == np.uint8
        assert not np.array_equal(varied, crop()), name
