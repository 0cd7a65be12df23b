"""Track a face in frames that arrive one by one, such as a camera's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from generator.face.face_params import MESH_POINTS, FaceParams, Floats, find_layout
from generator.trackers.regions import Image

from .avatar_tracker import AvatarTracker, FollowedFace
from .smoothing import Curve, OneEuro

_SLOWEST, _FASTEST = 4.0, 60.0
_PARTS = {
    "expression": OneEuro(cutoff=4.0, beta=4.0),
    "pose": OneEuro(cutoff=3.0, beta=12.0),
    "gaze": OneEuro(cutoff=4.0, beta=6.0),
    "camera": OneEuro(cutoff=3.0, beta=60.0),
    "residual": OneEuro(cutoff=3.0, beta=40.0),
}
"""Filters of the parts of a face; without a look ahead they delay a motion by some frames' share."""


class LiveTracker:
    """Follow one face, and remove the jitter by what came before.

    Args:
        tracker: The tracker of the avatar head.
    """

    def __init__(self, tracker: AvatarTracker) -> None:
        self._tracker = tracker
        self._face: FollowedFace | None = None
        self._seconds = 0.0
        self._smooth: dict[str, tuple[Curve, Curve]] = {}

    def track(self, image: Image, seconds: float) -> FaceParams | None:
        """Return the smoothed face of the next frame; None where there is none, and then it is looked for anew.

        Args:
            image: (H, W, 3) uint8 RGB.
            seconds: Time of the frame; only its distance from the frame before counts.
        """
        self._face = self._tracker.follow(image, self._face)
        rate = float(np.clip(1 / max(seconds - self._seconds, 1e-3), _SLOWEST, _FASTEST))
        self._seconds = seconds
        if self._face is None:
            self._smooth = {}
            return None
        params = self._face.params
        values = {name: np.asarray(getattr(params, name), np.float64).ravel() for name in _PARTS}
        values["pose"] = self._unwrapped(values["pose"])
        for name, value in values.items():
            before = self._smooth.get(name)
            self._smooth[name] = (
                (value, np.zeros_like(value)) if before is None else _PARTS[name].step(*before, value, rate)
            )
        layout = find_layout(params.face_model)

        def smoothed(name: str) -> Floats:
            return self._smooth[name][0].astype(np.float32)

        return replace(
            params,
            expression=np.clip(smoothed("expression"), layout.low, layout.high).astype(np.float32),
            pose=smoothed("pose"),
            gaze=smoothed("gaze"),
            camera=smoothed("camera"),
            residual=smoothed("residual").reshape(MESH_POINTS, 3),
        )

    def _unwrapped(self, pose: Curve) -> Curve:
        """Return angles without a jump by a whole turn since the frame before."""
        before = self._smooth.get("pose")
        return pose if before is None else np.unwrap(np.stack([before[0], pose]), axis=0)[1]
