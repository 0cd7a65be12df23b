"""Turn face parameters of the avatar head into what the layers move by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from generator.avatars import NeutralHead, avatar_head
from generator.face.alignment import Retarget, neutral_moment
from generator.face.face_params import ARKIT_EXPRESSION, DriveSequence, FaceParams, Floats, find_layout
from generator.face.pose import rotation

from .landmarks import COUNT, LIP_MIDDLES, LOWER_LIDS, UPPER_LIDS, eye_distance
from .motion import Moment
from .rig import Rig
from .sight import FaceInPicture
from .source_eyes import irises_on_head
from .view import View

_IRIS_CENTRES = (468, 473)
_NEVER_SHUT = 0.04
"""Distance of the lips in distances of the eyes above which a mouth counts as open."""


def view_of(params: FaceParams, size: float = 1.0) -> View:
    """Return the camera of parameters in a square of a size in pixels."""
    distance = find_layout(params.face_model).camera_distance
    turn = rotation(np.asarray(params.pose, np.float64)).astype(np.float64)
    scale, *shift = (float(value) * size for value in params.camera)
    return View(turn, scale, np.array(shift), distance)


def mesh_points(params: FaceParams, person: NeutralHead | None = None) -> Floats:
    """Return the points of the face mesh (478, 3) in head space, without the rotation.

    Args:
        params: The face.
        person: The head of its shape, to build it once for a clip.
    """
    head = avatar_head()
    person = person or head.neutral(params.shape)
    points = head.mesh_points_of(person, head.expressed(person, params.expression, params.gaze), params.gaze)
    return np.asarray(points if params.residual is None else points + params.residual, np.float64)


def moment_of(rig: Rig, params: FaceParams, person: NeutralHead | None = None) -> Moment:
    """Return a driven face at one moment; its lengths are in sides of its picture."""
    points, view = mesh_points(params, person), view_of(params)
    irises = view.project(points[list(_IRIS_CENTRES)])[:, :2]
    landmarks = points[:COUNT]
    _shut_lids(landmarks, params.expression)
    return Moment(view, params.expression, landmarks, irises_on_head(rig, view, landmarks, irises))


def _shut_lids(landmarks: Floats, expression: Floats) -> None:
    """Shut lids as far as the blinks say, in place.

    The head's own displacements leave wide eyes open by a slit, and the face mesh does not see lids meet.
    """
    for eye, name in enumerate(("eyeBlinkRight", "eyeBlinkLeft")):
        blink = float(np.clip(expression[ARKIT_EXPRESSION.index(name)], 0, 1))
        upper, lower = list(UPPER_LIDS[eye]), list(LOWER_LIDS[eye])
        left = blink**2 * (landmarks[upper] - landmarks[lower])
        landmarks[upper] -= 0.85 * left
        landmarks[lower] += 0.15 * left


def face_in_picture(params: FaceParams, size: int) -> FaceInPicture:
    """Return the face of a square source picture of a size in pixels."""
    head, view = avatar_head(), view_of(params, size)
    person = head.neutral(params.shape)
    seen = view.project(mesh_points(params, person))[:, :2]
    radii = [float(np.linalg.norm(seen[centre + 1 : centre + 5] - seen[centre], axis=1).mean()) for centre in
             _IRIS_CENTRES]  # fmt: skip
    return FaceInPicture(
        points=seen[:COUNT],
        irises=seen[list(_IRIS_CENTRES)],
        radii=np.array(radii),
        view=view,
        coarse=head.expressed(person, params.expression, params.gaze),
        expression=params.expression,
    )


def zero_of(source: FaceParams, drive: DriveSequence, retarget: Retarget, anchor: int | None) -> FaceParams:
    """Return the moment of the drive that leaves the source as it is.

    Args:
        source: The source's face.
        drive: The motion.
        retarget: How it is transferred: in the mode "absolute" the drive's pose and expression are taken over.
        anchor: Frame of the drive that shows what the source shows; None for its neutral moment.
    """
    if anchor is not None:
        return drive[anchor]
    zero = neutral_moment(drive)
    if retarget.mode == "absolute":
        return replace(zero, expression=source.expression, pose=source.pose, gaze=source.gaze)
    if mouth_never_shuts(drive):
        expression = np.array(zero.expression)
        expression[list(find_layout(drive.face_model).mouth)] = 0
        return replace(zero, expression=expression)
    return zero


def mouth_never_shuts(drive: DriveSequence) -> bool:
    """Return whether the lips are apart in every frame of a clip, so that no frame shows the mouth at rest."""
    if len(drive) < 2:
        return False
    person = avatar_head().neutral(drive.shape)
    for index in range(len(drive)):
        points = mesh_points(drive[index], person)
        upper, lower = points[list(LIP_MIDDLES)]
        if np.linalg.norm(upper - lower) < _NEVER_SHUT * eye_distance(points):
            return False
    return True
