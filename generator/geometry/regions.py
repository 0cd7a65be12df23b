"""Restrict a motion to regions of the face, or weaken and strengthen it there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from generator.face.face_params import ARKIT_EXPRESSION, MESH_POINTS, DriveSequence, FaceParams, Floats

from .landmarks import COUNT, UNDER_NOSE
from .rig import Rig

REGIONS = ("eyes", "lips", "pose")
"""Eyes are lids, gaze and brows; lips are mouth, jaw, cheeks and nose; the pose is turn, place and size of the head."""

_EYES = np.array([name.startswith(("eye", "brow")) for name in ARKIT_EXPRESSION])


def restrict(drive: DriveSequence, rest: FaceParams, strengths: Mapping[str, float], rig: Rig) -> DriveSequence:
    """Return a motion whose distance from its rest is scaled in each region.

    Args:
        drive: The motion, of the layout "arkit".
        rest: The moment of the motion that leaves the source as it is.
        strengths: Factor of each of `REGIONS`; a region that is absent rests.
        rig: The head.
    """
    eyes, lips, pose = (float(strengths.get(name, 0.0)) for name in REGIONS)

    def scaled(values: Floats, still: Floats, factor: Floats | float) -> Floats:
        return np.asarray(still + factor * (values - still), np.float32)

    camera = scaled(drive.camera, rest.camera, pose)
    camera[:, 0] = np.maximum(camera[:, 0], 0.2 * rest.camera[0])
    return replace(
        drive,
        expression=np.clip(scaled(drive.expression, rest.expression, np.where(_EYES, eyes, lips)), 0, 1),
        pose=scaled(drive.pose, rest.pose, pose),
        gaze=np.clip(scaled(drive.gaze, rest.gaze, eyes), -1, 1),
        camera=camera,
        residual=_beyond(drive, rest, np.where(_low(rig), lips, eyes)),
    )


def _beyond(drive: DriveSequence, rest: FaceParams, factor: Floats) -> Floats | None:
    if drive.residual is None or rest.residual is None:
        return drive.residual
    return np.asarray(rest.residual + factor[:, None] * (drive.residual - rest.residual), np.float32)


def _low(rig: Rig) -> Floats:
    """Return which points of the face mesh lie below the nose, (478,); irises do not."""
    height = rig.landmark_rest[:, 1]
    below = np.zeros(MESH_POINTS, bool)
    below[:COUNT] = height < height[UNDER_NOSE]
    return below
