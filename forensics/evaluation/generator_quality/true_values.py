"""Compute the true values of a drawn puppet, in the form that the judge reads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from generator import EXPRESSION, FaceParams
from generator.face import GAZE_REACH, features, landmarks68, project, surface
from generator.puppets import Puppet, PuppetFrame

from .face_net import PARTS, Floats

_EYES = (((37, 41), (38, 40)), ((43, 47), (44, 46)))
"""Upper and lower lid landmarks of the picture's left and right eye."""
_LIPS = (62, 66)
BLINKS = (EXPRESSION.index("blink_l"), EXPRESSION.index("blink_r"))
"""The coefficients that shut the eyes."""

OPEN_EYES = 0.08
"""Least true distance of the lids, in head units, at which an eye shows its gaze."""

_ENDS = np.cumsum(list(PARTS.values()))[:-1]
_SIDES = np.array([-1.0, 1.0], np.float32)


def apertures(frame: PuppetFrame, params: FaceParams) -> Floats:
    """Measure how far the left lid, the right lid and the lips are open in the picture, (3,) in head units.

    The values are distances between landmarks, divided by the camera's scale, so that they do not depend on the
    picture's size.
    """
    return place_apertures(frame.landmarks / (params.camera[0] * len(frame.image)))


def place_apertures(places: NDArray[np.floating]) -> Floats:
    """Return the distances (3,) of the left lids, the right lids and the lips among places (68 or 70, 2)."""
    lids = [np.mean([np.linalg.norm(places[a] - places[b]) for a, b in pairs]) for pairs in _EYES]
    return np.array([*lids, np.linalg.norm(places[_LIPS[0]] - places[_LIPS[1]])], np.float32)


def true_values(puppet: Puppet, params: FaceParams, frame: PuppetFrame) -> Floats:
    """Return the true values of a drawn frame as one row, (36,) in the order of `face_net.PARTS`."""
    return np.concatenate(
        [puppet.shape, params.expression, params.pose, params.gaze, apertures(frame, params)], dtype=np.float32
    )


def face_places(row: Floats) -> Floats:
    """Return the places of landmarks and irises, including hidden ones, of a face with these true values.

    Args:
        row: (36,) in the order of `face_net.PARTS`.

    Returns:
        (70, 2): x to the right and y downwards from the head's middle, in head units.
    """
    shape, expression, pose, gaze = np.split(row, _ENDS)[:4]
    f = features(shape)
    across = _SIDES * f.eye_u + GAZE_REACH[0] * gaze[0] * f.eye_rx
    height = np.full(2, f.eye_t + GAZE_REACH[1] * gaze[1] * f.eye_ry)
    irises = surface(across, height, shape, expression)
    points = np.concatenate([landmarks68(shape, expression), irises])
    return project(points, pose, np.array([1, 0, 0], np.float32))


def mirrored(row: Floats) -> Floats:
    """Return the true values (36,) of the mirrored picture."""
    shape, expression, pose, gaze, lids, mouth = np.split(row, _ENDS)
    swapped = expression.copy()
    for name in ("blink", "brow"):
        left, right = EXPRESSION.index(f"{name}_l"), EXPRESSION.index(f"{name}_r")
        swapped[[left, right]] = expression[[right, left]]
    swapped[EXPRESSION.index("mouth_shift")] *= -1
    return np.concatenate([shape, swapped, pose * (-1, 1, -1), gaze * (-1, 1), lids[::-1], mouth], dtype=np.float32)


def leaned(row: Floats, angle: float) -> Floats:
    """Return the true values (36,) of the picture turned by an angle in radians, the crown to the picture's left."""
    found = row.copy()
    found[_ENDS[1] + 2] += angle
    return found


def turned(places: Floats, angles: NDArray[np.floating]) -> Floats:
    """Rotate places (N, P, 2) about the head's middle by angles (N,) in radians, the crown to the picture's left."""
    cos, sin = np.cos(angles), np.sin(angles)
    return np.asarray(np.einsum("npi,ijn->npj", places, np.array([[cos, -sin], [sin, cos]])), np.float32)
