from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from generator.face.head_model import rotation
from generator.trackers.rigid import Similarity, angles, procrustes

RNG = np.random.default_rng(3)


def some_similarity():
    return Similarity(1.7, Rotation.from_rotvec([0.4, -0.9, 0.2]).as_matrix(), np.array([1.0, -2.0, 0.5]))


def test_procrustes_recovers_a_known_similarity():
    points = RNG.normal(size=(12, 3))
    truth = some_similarity()
    found = procrustes(points, truth(points), RNG.uniform(0.1, 1, 12))
    assert found.scale == pytest.approx(truth.scale)
    np.testing.assert_allclose(found.rotation, truth.rotation, atol=1e-12)
    np.testing.assert_allclose(found.offset, truth.offset, atol=1e-12)


def test_procrustes_ignores_points_of_no_weight():
    points = RNG.normal(size=(12, 3))
    moved = some_similarity()(points)
    moved[3] += 100
    weights = np.ones(12)
    weights[3] = 0
    np.testing.assert_allclose(procrustes(points, moved, weights).rotation, some_similarity().rotation, atol=1e-12)


def test_procrustes_never_mirrors():
    points = RNG.normal(size=(12, 3))
    found = procrustes(points, points * [-1, 1, 1], np.ones(12))
    assert np.linalg.det(found.rotation) == pytest.approx(1)


def test_no_small_change_of_the_answer_fits_noisy_points_better():
    points, weights = RNG.normal(size=(12, 3)), RNG.uniform(0.1, 1, 12)
    target = some_similarity()(points) + 0.1 * RNG.normal(size=(12, 3))

    def error(move):
        return weights @ ((move(points) - target) ** 2).sum(1)

    best = procrustes(points, target, weights)
    for _ in range(50):
        turn = Rotation.from_rotvec(RNG.normal(size=3) * 0.01).as_matrix() @ best.rotation
        near = Similarity(best.scale * np.exp(RNG.normal() * 0.01), turn, best.offset + RNG.normal(size=3) * 0.01)
        assert error(near) > error(best)


def test_inverse_and_composition_follow_the_points():
    points = RNG.normal(size=(5, 3))
    first, second = some_similarity(), Similarity(0.3, np.eye(3), np.array([5.0, 0, 0]))
    np.testing.assert_allclose(second.after(first)(points), second(first(points)))
    np.testing.assert_allclose(first.inverse()(first(points)), points, atol=1e-12)


@pytest.mark.parametrize("pose", [(0, 0, 0), (0.7, -0.3, 0.2), (-1.2, 0.5, -2.0)])
def test_angles_read_what_the_head_model_turns_by(pose):
    turned = rotation(np.array(pose, np.float32)).astype(np.float64)
    np.testing.assert_allclose(angles(turned), pose, atol=1e-6)
