"""From a picture or a clip to face parameters."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from generator.errors import NoFaceError, TrackerError
from generator.face_params import EXPRESSION, EXPRESSION_HIGH, EXPRESSION_LOW, DriveSequence, FaceParams
from generator.trackers.eyes import apertures, closure, gaze, resting_aperture
from generator.trackers.face_mesh import Box, FaceMesh, MeshFace
from generator.trackers.head_fit import fit_head
from generator.trackers.ibug import MESH_INDEX, camera_space
from generator.trackers.models import find_face_mesh
from generator.trackers.motion_fit import fit_motion
from generator.trackers.regions import Image, Points
from generator.trackers.rigid import Similarity, angles
from generator.trackers.smoothing import OneEuro, fill_gaps

Progress = Callable[[int, int], None]

LONGEST_GAP = 0.5
"""Seconds without a face that are bridged."""

_SMOOTH_POSE = OneEuro(cutoff=1.5, beta=1.0)
_SMOOTH_CAMERA = OneEuro(cutoff=1.0, beta=5.0)
_SMOOTH_EXPRESSION = OneEuro(cutoff=2.0, beta=1.0)
_SMOOTH_LIDS = OneEuro(cutoff=6.0, beta=3.0)
_SMOOTH_GAZE = OneEuro(cutoff=2.5, beta=1.0)
_LIDS = [EXPRESSION.index("blink_l"), EXPRESSION.index("blink_r")]
_EYES_SHUT = 0.6  # closure above which the iris cannot be seen


def track_still(image: Image, *, box: Box | None = None, mesh: FaceMesh | None = None) -> FaceParams:
    """Read the parameters of the face in a picture.

    One picture cannot tell a proportion from an expression, so a proportion is preferred.

    Args:
        image: ``(H, W, 3)`` RGB. The camera is in sides of the square that encloses the picture centrally.
        box: left, top, right, bottom of the face in pixels, for a face that is not found or to choose one.
        mesh: the networks, to load them only once.

    Raises:
        NoFaceError: if there is no face or the picture is too small.
        ModelFilesError: if the networks are not installed.
        MissingPackageError: if ai-edge-litert is not installed.
    """
    mesh = mesh or FaceMesh(find_face_mesh())
    face = mesh.find(image, box)
    points, irises = _in_camera_space([face], image)
    fit = fit_head(points[0])
    pose = angles(fit.placement.rotation)
    look = gaze(points, irises, pose[None, 1], pose[None, 0])[0]
    return FaceParams(
        shape=fit.shape.astype(np.float32),
        expression=np.clip(fit.expression, EXPRESSION_LOW, EXPRESSION_HIGH).astype(np.float32),
        pose=pose.astype(np.float32),
        gaze=np.clip(look, -1, 1).astype(np.float32),
        camera=_camera(fit.placement).astype(np.float32),
    )


def track_clip(
    frames: Image,
    fps: float,
    *,
    mesh: FaceMesh | None = None,
    progress: Progress | None = None,
) -> DriveSequence:
    """Read the motion of the largest face in a clip, smoothed without delay.

    Args:
        frames: ``(T, H, W, 3)`` RGB, T at least 1. The camera is in sides of the square that encloses them centrally.
        fps: frames a second, > 0.
        mesh: the networks, to load them only once.
        progress: is told how many of how many frames are done.

    Raises:
        NoFaceError: if no frame shows a face, or frames without one follow each other for more than `LONGEST_GAP`.
        TrackerError: if there is no frame or `fps` is not above 0.
        ModelFilesError: if the networks are not installed.
        MissingPackageError: if ai-edge-litert is not installed.
    """
    if frames.ndim != 4 or len(frames) == 0 or not fps > 0:
        raise TrackerError(f"clip of shape {frames.shape} at {fps} fps: (T, H, W, 3) with T >= 1 and fps > 0 expected")
    faces = _follow(mesh or FaceMesh(find_face_mesh()), frames, progress)
    known = np.array([face is not None for face in faces])
    _check_gaps(known, fps)
    points, irises = _in_camera_space([face for face in faces if face is not None], frames[0])
    return smooth(fit_drive(points, irises, known, fps))


def fit_drive(points: Points, irises: Points, known: NDArray[np.bool_], fps: float) -> DriveSequence:
    """Fit the motion of the frames that show a face and bridge those that do not.

    Args:
        points: ``(K, 68, 3)`` of the frames with a face, as `camera_space` gives them.
        irises: ``(K, 2, 2)`` in the same space.
        known: ``(T,)`` with K true.
        fps: frames a second.
    """
    motion = fit_motion(points)
    pose = np.stack([angles(placement.rotation) for placement in motion.placements])
    aperture = apertures(motion.points)
    lids = closure(aperture, resting_aperture(aperture), pose[:, 0])
    expression = motion.expression
    expression[:, _LIDS] = lids
    look = gaze(points, irises, pose[:, 1], pose[:, 0])
    seen = lids.max(1) < _EYES_SHUT
    if seen.any():
        look = fill_gaps(look, seen)

    def spread(values: Points) -> NDArray[np.float32]:
        whole = np.zeros((len(known), values.shape[1]))
        whole[known] = values
        return fill_gaps(whole, known).astype(np.float32)

    return DriveSequence(
        shape=motion.head.shape.astype(np.float32),
        expression=spread(expression),
        pose=spread(np.unwrap(pose, axis=0)),
        gaze=spread(np.clip(look, -1, 1)),
        camera=spread(np.stack([_camera(placement) for placement in motion.placements])),
        fps=fps,
    )


def smooth(drive: DriveSequence) -> DriveSequence:
    """Take the jitter out of a drive; the lids, which are quick, least."""
    fps = drive.fps
    expression = _SMOOTH_EXPRESSION.smooth(drive.expression, fps)
    expression[:, _LIDS] = _SMOOTH_LIDS.smooth(drive.expression[:, _LIDS], fps)
    return DriveSequence(
        shape=drive.shape,
        expression=np.clip(expression, EXPRESSION_LOW, EXPRESSION_HIGH).astype(np.float32),
        pose=_SMOOTH_POSE.smooth(drive.pose, fps).astype(np.float32),
        gaze=_SMOOTH_GAZE.smooth(drive.gaze, fps).astype(np.float32),
        camera=_SMOOTH_CAMERA.smooth(drive.camera, fps).astype(np.float32),
        fps=fps,
    )


def _follow(mesh: FaceMesh, frames: Image, progress: Progress | None) -> list[MeshFace | None]:
    faces: list[MeshFace | None] = []
    face: MeshFace | None = None
    for index, frame in enumerate(frames):
        face = mesh.track(frame, face)
        faces.append(face)
        if progress is not None:
            progress(index + 1, len(frames))
    return faces


def _check_gaps(known: NDArray[np.bool_], fps: float) -> None:
    if not known.any():
        raise NoFaceError(f"no face found in any of {len(known)} frames; crop the clip to the face or take another one")
    edges = np.flatnonzero(np.diff(np.concatenate([[True], known, [True]]).astype(int)))
    for first, end in edges.reshape(-1, 2):
        if (end - first) / fps > LONGEST_GAP:
            raise NoFaceError(
                f"no face found in frames {first} to {end - 1} ({(end - first) / fps:.1f} s; up to {LONGEST_GAP} s are "
                "bridged); cut the clip there or take another one"
            )


def _in_camera_space(faces: list[MeshFace], image: Image) -> tuple[Points, Points]:
    height, width = image.shape[:2]
    points = np.stack([camera_space(face.points[MESH_INDEX], height, width) for face in faces])
    irises = np.stack([camera_space(face.irises, height, width) for face in faces])
    return points, irises


def _camera(placement: Similarity) -> Points:
    """Read scale, tx and ty in picture sides, y down."""
    return np.array([placement.scale, placement.offset[0], -placement.offset[1]])
