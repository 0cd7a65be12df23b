"""Angles of heads and their projection."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from generator.face.pose import angles, project, rotation


@pytest.mark.parametrize("pose", [(0, 0, 0), (0.7, -0.3, 0.2), (-1.2, 0.5, -2.0)])
def test_angles_read_what_a_rotation_turns_by(pose):
    turned = rotation(np.array(pose, np.float32)).astype(np.float64)
    np.testing.assert_allclose(angles(turned), pose, atol=1e-6)
    expected = Rotation.from_euler("yxz", pose).as_matrix()
    np.testing.assert_allclose(turned, expected, atol=1e-6)


def test_a_camera_scales_and_moves_and_counts_downwards():
    points = np.array([[1, 0.5, 0], [0, 0, 3]], np.float32)
    found = project(points, np.zeros(3, np.float32), np.array([0.2, 0.5, 0.4], np.float32))
    np.testing.assert_allclose(found, [[0.7, 0.3], [0.5, 0.4]], atol=1e-6)
    turned = project(points[1:], np.array([np.pi / 2, 0, 0], np.float32), np.array([0.1, 0.5, 0.5], np.float32))
    np.testing.assert_allclose(turned, [[0.8, 0.5]], atol=1e-6)
