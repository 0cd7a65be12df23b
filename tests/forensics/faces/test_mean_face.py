from __future__ import annotations

import cv2
import numpy as np
import pytest

from forensics.faces import box_of
from forensics.faces.five_points import five_points, similarity
from forensics.faces.yunet import complete, mean_face
from forensics.synthesis.filming import at_rest, find_truth
from generator import DriveSequence
from generator.avatars import STYLES, sample_avatar


def turned(angles: tuple[float, float, float], scale: float, place: tuple[float, float]) -> np.ndarray:
    """See the mean face turned about three axes, from afar."""
    turn = cv2.Rodrigues(np.array(angles, np.float64))[0]
    return scale * (mean_face() @ turn.T)[:, :2] + place


@pytest.mark.parametrize("angles", [(0, 0, 0), (0, 0, 0.7), (0.3, 0, 0), (0, 0.6, 0), (-0.2, -0.5, 0.3)])
def test_the_mean_face_is_completed_exactly_however_it_is_turned(angles: tuple[float, float, float]) -> None:
    face = turned(angles, 90, (300, 200))
    np.testing.assert_allclose(complete(five_points(face)), face, atol=1e-2)


def test_the_box_around_a_turned_face_follows_it() -> None:
    """A similarity in the plane cannot: it lays a face that looks ahead over one that looks aside."""
    rng = np.random.default_rng(0)
    ahead = turned((0, 0, 0), 1, (0, 0))
    for _ in range(20):
        face = turned((rng.uniform(-0.2, 0.2), rng.choice([-1, 1]) * rng.uniform(0.4, 0.7), 0), 80, (150, 150))
        seen = five_points(face) + rng.normal(0, 0.5, (5, 2))
        flat = similarity(five_points(ahead), seen)
        laid = ahead @ flat[:, :2].T + flat[:, 2]
        missed = [np.abs(box_of(one) - box_of(face)).max() for one in (complete(seen), laid)]
        assert missed[0] < 10 < missed[1]


@pytest.mark.slow
def test_the_boxes_of_avatars_are_met_from_five_points_alone() -> None:
    for number in range(20):
        avatar = sample_avatar(number, STYLES[number % len(STYLES)])
        faces = find_truth(avatar, DriveSequence.still(at_rest(avatar), 25), 128)
        left, top, right, bottom = faces.boxes[0]
        found = box_of(complete(five_points(faces.landmarks[0])))
        shared = np.prod(np.minimum(found[2:], (right, bottom)) - np.maximum(found[:2], (left, top)))
        joined = np.prod(found[2:] - found[:2]) + (right - left) * (bottom - top) - shared
        assert shared / joined > 0.6


def test_five_points_in_one_place_make_a_face_without_size() -> None:
    assert np.abs(complete(np.full((5, 2), 40.0)) - 40).max() < 1e-3
