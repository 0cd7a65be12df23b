"""Remove the jitter from a tracked motion."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from generator.face.face_params import DriveSequence, find_layout

from .smoothing import OneEuro


@dataclass(frozen=True, slots=True)
class DriveFilters:
    """Filters of a motion's parts.

    Attributes:
        pose: Of head angles in radians. camera: Of scale and place. gaze: Of the gaze.
        expression: Of all coefficients that no entry of `quick` names.
        quick: Beginnings of names, and the filter of these coefficients.
    """

    pose: OneEuro
    camera: OneEuro
    gaze: OneEuro
    expression: OneEuro
    quick: tuple[tuple[tuple[str, ...], OneEuro], ...]


_CALM = DriveFilters(
    pose=OneEuro(cutoff=1.5, beta=1.0),
    camera=OneEuro(cutoff=1.0, beta=5.0),
    gaze=OneEuro(cutoff=2.5, beta=1.0),
    expression=OneEuro(cutoff=2.0, beta=1.0),
    quick=(
        (("eyelid",), OneEuro(cutoff=6.0, beta=3.0)),
        (("jaw_x", "jaw_y", "jaw_z"), OneEuro(cutoff=2.0, beta=3.0)),
    ),
)
_CLOSE = DriveFilters(
    pose=OneEuro(cutoff=3.0, beta=12.0),
    camera=OneEuro(cutoff=3.0, beta=60.0),
    gaze=OneEuro(cutoff=4.0, beta=6.0),
    expression=OneEuro(cutoff=4.0, beta=4.0),
    quick=((("eyeBlink", "eyeSquint", "eyeWide"), OneEuro(cutoff=8.0, beta=6.0)),),
)
"""The fit of the avatar head has less jitter than FLAME's networks, so it is followed more closely."""


def smooth_drive(drive: DriveSequence) -> DriveSequence:
    """Remove the jitter from a drive; the lids, which move fast, are smoothed least."""
    layout, fps = find_layout(drive.face_model), drive.fps
    filters = _CLOSE if drive.face_model == "arkit" else _CALM
    expression = filters.expression.smooth(drive.expression, fps)
    for starts, euro in filters.quick:
        chosen = [index for index, name in enumerate(layout.expression) if name.startswith(starts)]
        expression[:, chosen] = euro.smooth(drive.expression[:, chosen], fps)
    return replace(
        drive,
        expression=np.clip(expression, layout.low, layout.high).astype(np.float32),
        pose=filters.pose.smooth(drive.pose, fps).astype(np.float32),
        gaze=filters.gaze.smooth(drive.gaze, fps).astype(np.float32),
        camera=filters.camera.smooth(drive.camera, fps).astype(np.float32),
    )
