"""Remove the jitter from a tracked motion."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from generator.face.face_params import DriveSequence, find_layout

from .smoothing import OneEuro

_POSE = OneEuro(cutoff=1.5, beta=1.0)
_CAMERA = OneEuro(cutoff=1.0, beta=5.0)
_EXPRESSION = OneEuro(cutoff=2.0, beta=1.0)
_LIDS = OneEuro(cutoff=6.0, beta=3.0)
_JAW = OneEuro(cutoff=2.0, beta=3.0)  # of FLAME, in radians: a third of the puppet's unit opens the mouth as far
_GAZE = OneEuro(cutoff=2.5, beta=1.0)


def smooth_drive(drive: DriveSequence) -> DriveSequence:
    """Remove the jitter from a drive; the lids, which move fast, are smoothed least."""
    layout, fps = find_layout(drive.face_model), drive.fps
    expression = _EXPRESSION.smooth(drive.expression, fps)
    for starts, euro in ((("blink", "eyelid"), _LIDS), (("jaw_x", "jaw_y", "jaw_z"), _JAW)):
        chosen = [index for index, name in enumerate(layout.expression) if name.startswith(starts)]
        expression[:, chosen] = euro.smooth(drive.expression[:, chosen], fps)
    return replace(
        drive,
        expression=np.clip(expression, layout.low, layout.high).astype(np.float32),
        pose=_POSE.smooth(drive.pose, fps).astype(np.float32),
        gaze=_GAZE.smooth(drive.gaze, fps).astype(np.float32),
        camera=_CAMERA.smooth(drive.camera, fps).astype(np.float32),
    )
