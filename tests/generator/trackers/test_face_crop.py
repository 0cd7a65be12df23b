from __future__ import annotations

import numpy as np
import pytest

from generator.errors import NoFaceError
from generator.trackers.face_crop import CropRule, box_around, check_landmarks, steady
from generator.trackers.face_mesh.face_mesh import MeshFace
from generator.trackers.ibug import MESH_INDEX
from generator.trackers.regions import Region

FACE_ONLY = CropRule(scale=1.1 * 1.25, forehead=False, box_scale=1.25, box_drop=0.12)
WITH_FOREHEAD = CropRule(scale=1.4, forehead=True, box_scale=1.4)


def landmarks(left=100.0, top=50.0, width=80.0, height=100.0):
    points = np.random.default_rng(0).uniform(0.1, 0.9, (68, 2))
    points[0, 0], points[16, 0], points[19, 1], points[8] = 0, 1, 0, (0.5, 1)
    return points * (width, height) + np.array([left, top])


def test_decas_crop_is_the_published_one():
    """The crop is 1.1 times, then 1.25 times the mean side of the points' box, centred on it (DECA's demo, "kpt68")."""
    region = FACE_ONLY.around_landmarks(landmarks())
    assert (region.x, region.y, region.angle) == pytest.approx((140, 100, 0))
    assert region.side == pytest.approx(90 * 1.375)


def test_decas_crop_of_a_box_stands_lower():
    """The crop is 1.25 times the mean side of a detector's box, 0.12 of it lower (DECA's demo, "bbox")."""
    region = FACE_ONLY.around_box((100, 50, 180, 150), 300, 300)
    assert (region.x, region.y) == pytest.approx((140, 100 + 0.12 * 90))
    assert region.side == pytest.approx(90 * 1.25)


def test_a_mesh_gives_the_68_points_or_the_forehead_too():
    points = np.full((468, 3), 100.0)
    points[MESH_INDEX, :2] = landmarks()
    points[10, :2] = 140, 30  # top of the mesh
    face = MeshFace(points, np.zeros((2, 2)), 1.0)
    assert FACE_ONLY.around_face(face) == FACE_ONLY.around_landmarks(landmarks())
    whole = WITH_FOREHEAD.around_face(face)
    assert (whole.y, whole.side) == pytest.approx((90, 100 * 1.4))
    # Without a mesh the forehead is estimated as a fifth of the points' height, which is that of the mesh above.
    guessed = WITH_FOREHEAD.around_landmarks(landmarks())
    assert (guessed.x, guessed.y, guessed.side) == pytest.approx((whole.x, whole.y, whole.side))


def test_guessed_forehead_is_where_the_mesh_has_it(mesh, faces):
    import cv2

    for path in sorted(faces.glob("*.jpg")):
        face = mesh.find(cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB))
        seen = WITH_FOREHEAD.around_face(face)
        guessed = WITH_FOREHEAD.around_landmarks(face.points[MESH_INDEX, :2])
        assert guessed.side == pytest.approx(seen.side, rel=0.05)
        assert np.hypot(guessed.x - seen.x, guessed.y - seen.y) < 0.04 * seen.side


def test_box_around_landmarks_ends_at_the_picture():
    assert box_around(landmarks(), 300, 300) == pytest.approx((100, 30, 180, 150))
    left, top, right, bottom = box_around(landmarks(-20, -10, 400, 400), 300, 300)
    assert (left, top, right, bottom) == (0, 0, 300, 300)


def test_landmarks_may_reach_out_of_the_picture_but_not_lie_outside():
    reaching = landmarks(-20, -10)
    np.testing.assert_array_equal(check_landmarks(reaching, 300, 300), reaching)
    with pytest.raises(NoFaceError, match=r"from \(-200, 50\) to \(-120, 150\) are no face in the 300x300 px"):
        check_landmarks(landmarks(-200), 300, 300)


def test_jitter_of_a_resting_face_hardly_moves_its_crop():
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(100, 3)) * (2, 2, 3)
    crops = steady([Region(200 + x, 150 + y, 160 + s) for x, y, s in noise], np.ones(100, bool), 25.0)
    moved = np.abs(np.diff([(crop.x, crop.y, crop.side) for crop in crops], axis=0)).max(0)
    assert (moved < np.abs(np.diff(noise, axis=0)).max(0) / 8).all()


def test_crop_stays_on_a_face_that_crosses_the_picture_in_a_second():
    xs = np.concatenate([np.full(20, 100.0), np.linspace(100, 500, 25), np.full(20, 500.0)])
    crops = steady([Region(x, 150, 160) for x in xs], np.ones(65, bool), 25.0)
    # The points' box is 116 px wide in the crop of 160: 22 px are free on each side, and half a face is 58.
    assert max(abs(crop.x - x) for crop, x in zip(crops, xs, strict=True)) < 60


def test_missing_frames_get_a_crop_between_their_neighbours():
    known = np.array([True, False, True])
    crops = steady([Region(100, 100, 50), Region(200, 100, 50)], known, 25.0)
    assert len(crops) == 3
    assert crops[0].x < crops[1].x < crops[2].x
