"""State how well the avatar head fits a clip that was tracked with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generator.avatars import avatar_head
from generator.face.alignment import calmest_frame
from generator.face.face_params import DriveSequence, Floats
from generator.geometry import view_of

_SKIN = 468
_CORNERS = (33, 263)


@dataclass(frozen=True, slots=True, eq=False)
class ClipFit:
    """A tracked motion of the avatar head, and what head and face mesh differ by.

    Attributes:
        drive: The motion; its residual holds the difference at each of the 478 points.
        seen: (T,) whether a face was found in the frame; others are interpolated.
        reprojection: (T,) root mean square distance in the picture between the head's 468 points and those of the face
            mesh, in distances of the outer eye corners.
        moving: (T,) the same without the person's constant part of the residual (its median over the clip): what the
            coefficients cannot express of the motion.
        neutral: Frame that lies nearest to the neutral moment: the anchor where there is one, else the calmest frame.
    """

    drive: DriveSequence
    seen: NDArray[np.bool_]
    reprojection: Floats
    moving: Floats
    neutral: int

    @property
    def tracked(self) -> float:
        """Return the share of frames with a face, in [0, 1]."""
        return float(self.seen.mean())


def fit_quality(drive: DriveSequence, seen: NDArray[np.bool_] | None = None) -> ClipFit:
    """Compare the head's points with those of the face mesh, in every frame of a motion with a residual.

    Args:
        drive: Motion of the layout "arkit" with a residual, as the tracker "arkit" gives it.
        seen: (T,) whether a face was found; None for all.

    Raises:
        ValueError: The motion has no residual.
    """
    if drive.residual is None:
        raise ValueError("the motion has no residual, so its fit is not known; track the clip with the tracker arkit")
    constant = np.median(drive.residual, 0)
    model = avatar_head()
    person = model.neutral(drive.shape)
    reprojection, moving = np.zeros(len(drive)), np.zeros(len(drive))
    for index in range(len(drive)):
        params = drive[index]
        view = view_of(params)
        expressed = model.expressed(person, params.expression, params.gaze)
        head = model.mesh_points_of(person, expressed, params.gaze)[:_SKIN]
        mesh = head + drive.residual[index, :_SKIN]
        there = view.project(mesh)[:, :2]
        eyes = float(np.linalg.norm(there[_CORNERS[0]] - there[_CORNERS[1]]))
        for out, points in ((reprojection, head), (moving, head + constant[:_SKIN])):
            out[index] = np.sqrt(((there - view.project(points)[:, :2]) ** 2).sum(1).mean()) / eyes
    known = np.ones(len(drive), bool) if seen is None else seen
    return ClipFit(drive, known, reprojection, moving, calmest_frame(drive))
