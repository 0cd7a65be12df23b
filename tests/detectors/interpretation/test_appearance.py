"""Test the appearance features of crops, and the gate on them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from detectors import Evidence, Gate, Scope, fit_scope
from detectors.interpretation.appearance import describe


def painted(rng, size=64):
    """Draw a flat face with small random shifts: an oval, two eyes and a mouth in plain colours."""
    picture = np.full((size, size, 3), rng.integers(40, 216, 3), np.uint8)

    def colour():
        return [int(value) for value in rng.integers(0, 256, 3)]

    x, y = (int(value) for value in size // 2 + rng.integers(-3, 4, 2))
    cv2.ellipse(picture, (x, y), (size * 3 // 8, size * 7 // 16), 0, 0, 360, colour(), -1, cv2.LINE_AA)
    for side in (-1, 1):
        cv2.circle(picture, (x + side * size // 7, y - size // 12), size // 10, colour(), -1, cv2.LINE_AA)
    cv2.ellipse(picture, (x, y + size // 5), (size // 6, size // 14), 0, 0, 360, colour(), -1, cv2.LINE_AA)
    return picture


def textured(rng, size=64):
    """Return a photo-like field: noise whose amplitude falls as 1/f, correlated over the colour planes."""
    axis = np.fft.fftfreq(size)
    falling = 1 / np.maximum(np.hypot(axis[:, None], axis), 1 / size)
    planes = [np.fft.ifft2(np.fft.fft2(rng.normal(size=(size, size))) * falling).real for _ in range(4)]
    mixed = np.stack([planes[3] + 0.4 * plane for plane in planes[:3]], -1)
    return np.clip(128 + 45 * mixed / mixed.std(), 0, 255).astype(np.uint8)


def many(make, count, seed):
    rng = np.random.default_rng(seed)
    return np.stack([make(rng) for _ in range(count)])


@pytest.fixture(scope="module")
def scope():
    """Fit the gates of a network whose features are constant."""
    training, validation = many(painted, 200, 1), many(painted, 100, 2)
    return fit_scope(evidence(training), evidence(validation), quantile=0.98)


def evidence(crops):
    blind = np.random.default_rng(len(crops)).normal(size=(len(crops), 4))
    return Evidence(blind, describe(crops))


def test_photo_like_fields_are_out_of_scope_of_painted_faces_though_the_network_sees_no_difference(scope):
    strangers = many(textured, 40, 3)
    seen = Evidence(np.zeros((40, 4)), describe(strangers))
    assert (scope.features.distances(seen.features) <= scope.features.threshold).all()
    assert (scope.appearance.distances(seen.appearance) > scope.appearance.threshold).all()
    assert not scope.contains(seen)


def test_fresh_painted_faces_are_in_scope(scope):
    seen = describe(many(painted, 100, 4))
    assert (scope.appearance.distances(seen) <= scope.appearance.threshold).mean() >= 0.9
    assert scope.contains(Evidence(np.zeros((100, 4)), seen))


def test_each_gate_lets_in_its_own_share_of_the_validation_crops():
    rng = np.random.default_rng(0)
    known, held = (Evidence(*rng.normal(size=(2, 400, 4))) for _ in range(2))
    scope = fit_scope(known, held, quantile=0.97, appearance_quantile=0.8)
    let_in = [
        (gate.distances(seen) <= gate.threshold).mean()
        for gate, seen in zip((scope.features, scope.appearance), held, strict=True)
    ]
    assert let_in == pytest.approx([0.97, 0.8], abs=0.005)
    assert (scope.features.quantile, scope.appearance.quantile) == (0.97, 0.8)


def test_either_gate_alone_puts_a_clip_out():
    near, far = np.zeros((1, 2)), np.full((1, 2), 9.0)
    gate = Gate(np.zeros(2), np.eye(2), threshold=1.0, quantile=0.99)
    scope = Scope(gate, gate)
    assert scope.contains(Evidence(near, near))
    assert not scope.contains(Evidence(far, near))
    assert not scope.contains(Evidence(near, far))


@pytest.mark.parametrize("size", [32, 64, 128, 299])
def test_the_description_is_finite_and_of_one_length_at_every_size(size):
    rng = np.random.default_rng(0)
    crops = np.stack([np.full((size, size, 3), 77, np.uint8), np.zeros((size, size, 3), np.uint8), painted(rng, size)])
    numbers = describe(crops)
    assert numbers.shape == (3, describe(crops[:1, :32, :32]).shape[1])
    assert np.isfinite(numbers).all()


def test_a_crop_is_described_by_itself_and_always_alike():
    crops = many(textured, 4, 5)
    assert np.array_equal(describe(crops), np.concatenate([describe(crop[None]) for crop in crops]))
