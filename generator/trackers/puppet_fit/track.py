"""Track the puppet head's parameters in a picture or a clip."""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray

from generator.face.face_params import EXPRESSION, EXPRESSION_HIGH, EXPRESSION_LOW, SHAPE, DriveSequence, FaceParams
from generator.trackers.drive_smoothing import smooth_drive
from generator.trackers.face_crop import box_around, check_landmarks
from generator.trackers.face_mesh.eyes import apertures, clip_gaze, closure, gaze, resting_aperture
from generator.trackers.face_mesh.face_mesh import FaceMesh, camera_faces
from generator.trackers.face_mesh.follow import check_clip, check_gaps, follow
from generator.trackers.face_mesh.lid_line import lid_share
from generator.trackers.face_mesh.models import find_face_mesh
from generator.trackers.ibug import EYES, camera_space, picture_space
from generator.trackers.protocol import Box, ClipFrames, Progress
from generator.trackers.regions import Image, Points
from generator.trackers.rigid import Similarity, angles, procrustes
from generator.trackers.smoothing import spread

from .head_fit import STILL, fit_head, mesh_points
from .mesh_bias import MESH_BIAS
from .motion_fit import fit_motion

_LOG = logging.getLogger(__name__)

_LIDS = [EXPRESSION.index("blink_l"), EXPRESSION.index("blink_r")]


def track_still(
    image: Image, *, box: Box | None = None, landmarks: Points | None = None, mesh: FaceMesh | None = None
) -> FaceParams:
    """Read the parameters of the face in a picture.

    One picture is not enough to distinguish proportions from expression, so proportions are preferred.

    Args:
        image: ``(H, W, 3)`` RGB. The camera is in sides of the square that encloses the picture centrally.
        box: Left, top, right, bottom of the face in pixels, for a face that is not found or to choose one.
        landmarks: ``(68, 2)`` iBUG points in pixels, instead of the box; they replace those of the networks, except
            depth and irises.
        mesh: The face mesh networks, to load them only once.

    Raises:
        NoFaceError: There is no face, the picture is too small, or box or landmarks do not fit it.
        ModelFilesError: The networks are not installed.
        MissingPackageError: The package ai-edge-litert is not installed.
    """
    mesh = mesh or FaceMesh(find_face_mesh())
    height, width = image.shape[:2]
    if landmarks is not None:
        landmarks = check_landmarks(landmarks, height, width)
        box = box_around(landmarks, height, width)
    seen, irises = camera_faces([mesh.find(image, box)], height, width)
    points, bias = seen[0].copy(), _bias_in(image, seen[0])
    if landmarks is not None:
        points[:, :2], bias = camera_space(landmarks, height, width), MESH_BIAS * (0, 0, 1)
    fit = fit_head(points, bias=bias)
    pose = angles(fit.placement.rotation)
    look = gaze(seen, irises, pose[None, 1], pose[None, 0])[0]
    return FaceParams(
        shape=fit.shape.astype(np.float32),
        expression=np.clip(fit.expression, EXPRESSION_LOW, EXPRESSION_HIGH).astype(np.float32),
        pose=pose.astype(np.float32),
        gaze=np.clip(look, -1, 1).astype(np.float32),
        camera=_camera(fit.placement).astype(np.float32),
    )


def track_clip(
    frames: ClipFrames,
    fps: float,
    *,
    box: Box | None = None,
    landmarks: Points | None = None,
    mesh: FaceMesh | None = None,
    progress: Progress | None = None,
) -> DriveSequence:
    """Read the motion of one face in a clip, by default the largest, smoothed without delay.

    Args:
        frames: ``(T, H, W, 3)`` RGB, T at least 1. The camera is in sides of the square that encloses them centrally.
        fps: Frames per second, > 0.
        box: Left, top, right, bottom in pixels of the face in the first frame, to choose one.
        landmarks: ``(68, 2)`` iBUG points of the face in the first frame in pixels, instead of the box.
        mesh: The face mesh networks, to load them only once.
        progress: Progress callback; receives the number of finished frames and the number of all frames.

    Raises:
        NoFaceError: No frame shows a face, or more than `LONGEST_GAP` of consecutive frames have none.
        TrackerError: There is no frame or `fps` is not above 0.
        ModelFilesError: The networks are not installed.
        MissingPackageError: The package ai-edge-litert is not installed.
    """
    check_clip(frames, fps)
    height, width = frames.shape[1:3]
    if landmarks is not None:
        box = box_around(check_landmarks(landmarks, height, width), height, width)
    faces = follow(mesh or FaceMesh(find_face_mesh()), frames, progress, box)
    known = np.array([face is not None for face in faces])
    _LOG.info("tracked %d frames with the face mesh; %d show the face", len(known), int(known.sum()))
    check_gaps(known, fps)
    points, irises = camera_faces([face for face in faces if face is not None], height, width)
    return smooth_drive(fit_drive(points, irises, known, fps))


def fit_drive(points: Points, irises: Points, known: NDArray[np.bool_], fps: float) -> DriveSequence:
    """Fit the motion of the frames that show a face, and bridge those that do not.

    Args:
        points: ``(K, 68, 3)`` of the frames with a face, as `camera_space` returns them.
        irises: ``(K, 2, 2)`` in the same space.
        known: ``(T,)`` with K true values.
        fps: Frames per second.
    """
    motion = fit_motion(points)
    pose = np.stack([angles(placement.rotation) for placement in motion.placements])
    aperture = apertures(motion.points)
    lids = closure(aperture, resting_aperture(aperture), pose[:, 0])
    expression = motion.expression
    expression[:, _LIDS] = lids
    look = clip_gaze(points, irises, pose, lids)

    cameras = np.stack([_camera(placement) for placement in motion.placements])
    return DriveSequence(
        shape=motion.head.shape.astype(np.float32),
        expression=spread(expression, known).astype(np.float32),
        pose=spread(np.unwrap(pose, axis=0), known).astype(np.float32),
        gaze=spread(look, known).astype(np.float32),
        camera=spread(cameras, known).astype(np.float32),
        fps=fps,
    )


def _bias_in(image: Image, seen: Points) -> Points:
    """Return `MESH_BIAS`, with the lid offsets scaled to the measurement in the picture."""
    height, width = image.shape[:2]
    head = mesh_points(np.zeros(len(SHAPE)), np.zeros(len(EXPRESSION)))
    placed = procrustes(head, seen, STILL)
    offset = placed.scale * MESH_BIAS @ placed.rotation.T
    bias = MESH_BIAS.copy()
    bias[EYES] *= lid_share(image, picture_space(seen, height, width), picture_space(seen - offset, height, width))
    return bias


def _camera(placement: Similarity) -> Points:
    """Return scale, tx and ty in picture sides, y down."""
    return np.array([placement.scale, placement.offset[0], -placement.offset[1]])
