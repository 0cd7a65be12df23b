"""Measure the offsets of `mesh_bias` again, on newly drawn puppets.

Run ``python -m generator.trackers.puppet_fit.mesh_calibration`` after a change of the puppet head and copy its output
there.
"""

from __future__ import annotations

import sys

import numpy as np

from generator.face.face_params import FaceParams
from generator.face.head_model import landmarks68, rotation
from generator.puppets import STYLES, render, sample_motion, sample_puppet
from generator.trackers.face_mesh.face_mesh import FaceMesh
from generator.trackers.face_mesh.models import find_face_mesh
from generator.trackers.ibug import MESH_INDEX, camera_space
from generator.trackers.regions import Points

from .head_fit import STILL
from .mesh_bias import MIRROR

_SIZE = 256
_MISREAD = 0.12  # mean distance in head units from which the network found something other than the face
_FRONTAL = 0.6  # radians of yaw


def measure_bias(mesh: FaceMesh, rng: np.random.Generator, per_style: int) -> tuple[Points, int]:
    """Compare the network's 68 points of puppets with the true points.

    Args:
        mesh: The face mesh networks.
        rng: Random generator of puppets and their motion.
        per_style: Number of puppets of each style, with one neutral and one moving picture each.

    Returns:
        The median offset ``(68, 3)`` in head units, symmetrical, and the number of pictures it is based on.
    """
    offsets = []
    for style in STYLES:
        for _ in range(per_style):
            puppet = sample_puppet(rng, style)
            moving = sample_motion(rng, puppet, 40)[int(rng.integers(40))]
            for params in (puppet.neutral(), moving):
                face = mesh.track(render(puppet, params, _SIZE).image)
                if face is not None and abs(params.pose[0]) < _FRONTAL:
                    offsets.append(_offset(camera_space(face.points[MESH_INDEX], _SIZE, _SIZE), params))
    read = np.stack([offset for offset in offsets if np.abs(offset[:, :2]).mean() < _MISREAD])
    median = np.median(np.concatenate([read, _mirrored(read)]), axis=0)
    return (median + _mirrored(median)) / 2, len(read)


def _offset(points: Points, params: FaceParams) -> Points:
    """Return the network's points in head space, by the true pose and camera, minus the true points."""
    truth = landmarks68(params.shape, params.expression).astype(np.float64)
    turn = rotation(params.pose).astype(np.float64)
    scale, x, y = params.camera.astype(np.float64)
    seen = (points - np.array([x, -y, 0.0])) / scale
    seen[:, 2] -= STILL @ (seen - truth @ turn.T)[:, 2] / STILL.sum()  # depth has no origin
    difference: Points = seen @ turn - truth
    return difference


def _mirrored(offset: Points) -> Points:
    flipped: Points = offset[..., list(MIRROR), :] * np.array([-1.0, 1.0, 1.0])
    return flipped


def main() -> None:
    """Print the table of `mesh_bias`."""
    bias, pictures = measure_bias(FaceMesh(find_face_mesh()), np.random.default_rng(5), 20)
    sys.stdout.write(f"# Median over {pictures} pictures of puppets, halves averaged; head units.\n")
    for point, mirrored in enumerate(MIRROR):
        if point <= mirrored:
            sys.stdout.write("    ({}, {:.3f}, {:.3f}, {:.3f}),\n".format(point, *(bias[point] + 0.0)))


if __name__ == "__main__":
    main()
