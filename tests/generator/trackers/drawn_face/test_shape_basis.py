from __future__ import annotations

import numpy as np
import pytest

from generator.trackers.drawn_face import PLACES, ShapeBasis


def shapes(rng, count):
    """Return faces that differ in two ways, each moved, turned and scaled at random."""
    mean, ways = rng.normal(size=(478, 3)), rng.normal(0, 0.15, (2, 478, 3))
    made = []
    for _ in range(count):
        face = mean + np.tensordot(rng.normal(size=2), ways, 1)
        made.append(moved(face, rng.uniform(0.5, 3), rng.uniform(-0.6, 0.6), rng.uniform(-50, 50, 2)))
    return np.stack(made)


def moved(face, scale, angle, shift):
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    flat = face[:, :2] @ np.array([[cos, -sin], [sin, cos]]).T + shift
    return np.concatenate([flat, face[:, 2:] * scale], 1)


@pytest.fixture(scope="module")
def made():
    return shapes(np.random.default_rng(4), 80)


@pytest.fixture(scope="module")
def basis(made):
    return ShapeBasis.of(made[:40], PLACES, 4)


def test_all_points_follow_from_the_places_of_a_face_it_has_not_seen(basis, made):
    for face in made[40:50]:
        fitted = basis.fit(face[list(PLACES), :2])
        size = float(np.ptp(face[:, :2], axis=0).max())
        assert np.abs(fitted.points[:, :2] - face[:, :2]).max() < 0.06 * size
        assert fitted.misfit < 0.05
        assert fitted.strangeness < 3


def test_depth_is_read_from_the_shape_up_to_its_middle(basis, made):
    face = made[60]
    read = basis.fit(face[list(PLACES), :2]).points[:, 2]
    assert np.corrcoef(read, face[:, 2])[0, 1] > 0.99


def test_places_in_disorder_are_told_from_a_face(basis, made):
    places = made[65][list(PLACES), :2]
    mixed = np.random.default_rng(0).permutation(places)
    assert basis.fit(mixed).misfit > 10 * basis.fit(places).misfit


def test_the_known_places_stay_where_they_were_read(basis, made):
    places = made[70][list(PLACES), :2] + np.random.default_rng(1).normal(0, 0.3, (len(PLACES), 2))
    read = basis.fit(places).points[list(PLACES), :2]
    steady = [index for index, place in enumerate(PLACES) if place < 468]
    np.testing.assert_allclose(read[steady], places[steady], atol=1e-6)


def test_a_basis_is_the_same_after_writing_and_reading(basis, made):
    again = ShapeBasis.read(basis.arrays(), PLACES)
    places = made[0][list(PLACES), :2]
    np.testing.assert_array_equal(again.fit(places).points, basis.fit(places).points)
