"""Draw the source's own eyes between moved lids: its white, and its iris moved to the drive's gaze."""

from __future__ import annotations

import numpy as np

from generator.face.face_params import Floats

from .canvas import Canvas, Hole, Pose
from .filling import grow, mix, polygon, sample
from .landmarks import CORNERS, LIDS, LOWER_LIDS, UPPER_LIDS
from .outlines import between
from .rig import Rig
from .sight import Sight
from .source_eyes import SourceEye, cut_eye, eye_frame

_REACH = np.array([0.3, 0.2])
"""Farthest displacement of an iris in widths of the eye."""


class Eyes:
    """The eyes of one source.

    Args:
        rig: The head.
        sight: The head in the source picture.
        same_person: Whether the drive shows the same face, whose irises then need no bounds.
    """

    def __init__(self, rig: Rig, sight: Sight, *, same_person: bool) -> None:
        self._rig, self._pixel, self._free = rig, sight.pixel, same_person
        self._landmarks = rig.points(sight.coarse)
        self._eyes = tuple(cut_eye(rig, sight, eye) for eye in (0, 1))

    def draw(self, canvas: Canvas, pose: Pose) -> None:
        """Draw both eyes; the face is laid over them later, with holes between the lids."""
        for eye in (0, 1):
            self._draw_one(canvas, pose, eye)

    def _draw_one(self, canvas: Canvas, pose: Pose, eye: int) -> None:
        own, lid = self._eyes[eye], pose.places[list(LIDS[eye]), :2]
        window = canvas.window(lid, 8 * self._pixel)
        frame, middle = eye_frame(self._rig, pose.view, pose.landmarks, eye)
        if window is None or abs(np.linalg.det(frame)) < 0.05 * abs(np.linalg.det(own.frame)):
            return
        rows, columns = window
        grid = np.mgrid[rows, columns].astype(np.float32) + 0.5
        on_head = np.stack([grid[1] - middle[0], grid[0] - middle[1]], -1) @ np.linalg.inv(frame).T
        shift = self._bounded(pose, eye, own)
        start = own.middle - own.corner
        white = sample(own.white, on_head @ own.frame.T + start)[..., :3]
        iris = sample(own.iris, (on_head - shift) @ own.frame.T + start)
        corner = np.array([columns.start, rows.start], float)
        opening = self._openness(lid, frame) * polygon(
            between(lid[0:9], lid[np.r_[0, 9:16, 8]]) - corner, grid.shape[1:]
        )
        canvas.holes.append(
            Hole(
                window,
                opening,
                float(pose.places[list(LIDS[eye]), 2].max()),
                self._same(pose, eye, shift, own.width),
                "eye",
            )
        )
        picture = canvas.colours[rows, columns]
        picture[:] = mix(picture, mix(white, iris[..., :3], iris[..., 3]), np.clip(grow(opening, 1), 0, 1))

    def _openness(self, lid: Floats, frame: Floats) -> float:
        """Return 0 for lids that meet on the picture, 1 for lids some pixels apart."""
        up = frame[:, 1] / np.linalg.norm(frame[:, 1])
        apart = ((lid[9:16] - lid[1:8]) @ up).max() / self._pixel
        return float(np.clip((apart - 1.0) / 2.5, 0, 1))

    def _same(self, pose: Pose, eye: int, shift: Floats, width: float) -> float:
        moved = pose.landmarks - self._landmarks
        closing = float(np.abs(moved[list(UPPER_LIDS[eye])] - moved[list(LOWER_LIDS[eye])]).max())
        change = (float(np.linalg.norm(shift)) / (0.06 * width)) ** 2 + (closing / (0.05 * width)) ** 2
        return float(np.exp(-change))

    def _bounded(self, pose: Pose, eye: int, own: SourceEye) -> Floats:
        """Return the displacement of the iris (2,), which stays between the lids as its own was."""
        shift = pose.irises[eye]
        if self._free:
            return shift
        shift = np.clip(shift, -_REACH * own.width, _REACH * own.width)
        radius = own.radius / np.sqrt(abs(np.linalg.det(own.frame)))
        middle = pose.landmarks[list(CORNERS[eye])].mean(0)[1]
        low = float(pose.landmarks[list(LOWER_LIDS[eye][2:5]), 1].mean() - middle) + 0.15 * radius
        high = float(pose.landmarks[list(UPPER_LIDS[eye][2:5]), 1].mean() - middle) - 0.15 * radius
        side = max(0.5 * own.width - 0.55 * radius, 0)
        x, y = own.gaze + shift
        x = np.clip(x, min(-side, own.gaze[0]), max(side, own.gaze[0]))
        y = np.clip(y, min(low, own.gaze[1]), max(high, own.gaze[1]))
        bounded: Floats = np.array([x, y]) - own.gaze
        return bounded
