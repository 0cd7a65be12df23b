"""The avatar head is fitted to points that were projected from a head of known parameters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from generator import DriveSequence, FaceParams
from generator.avatars import avatar_head
from generator.face.face_params import ARKIT_EXPRESSION
from generator.geometry import view_of
from generator.trackers import AvatarTracker, MeshFace, NoFaceError, TrackerError, fit_quality

E = {name: index for index, name in enumerate(ARKIT_EXPRESSION)}
SIZE = 400
NEUTRAL = replace(FaceParams.neutral(face_model="arkit"), camera=np.array([0.28, 0.52, 0.47], np.float32))
SHAPE = np.concatenate([np.zeros(7), np.random.default_rng(3).normal(0, 0.3, 113)]).astype(np.float32)


def face_of(params: FaceParams, noise: float = 0.0, seed: int = 0) -> MeshFace:
    """Return what the face mesh would read of a head, with noise in pixels."""
    head = avatar_head()
    points = view_of(params, SIZE).project(head.mesh_points(params.shape, params.expression, params.gaze))
    points = points + np.random.default_rng(seed).normal(0, noise, points.shape) if noise else points
    return MeshFace(np.c_[points[:468, :2], -points[:468, 2]].astype(float), points[[468, 473], :2], 1.0)


class ToldMesh:
    """Answers the given faces in their order."""

    def __init__(self, faces: list[MeshFace | None]) -> None:
        self.faces = iter(faces)

    def find(self, image: np.ndarray, box: object = None) -> MeshFace:
        face = next(self.faces)
        assert face is not None
        return face

    def track(self, image: np.ndarray, previous: MeshFace | None) -> MeshFace | None:
        return next(self.faces)


def tracker_of(faces: list[MeshFace | None]) -> AvatarTracker:
    return AvatarTracker(ToldMesh(faces))  # type: ignore[arg-type]


def frames(count: int) -> np.ndarray:
    return np.zeros((count, SIZE, SIZE, 3), np.uint8)


def still(params: FaceParams) -> FaceParams:
    return tracker_of([face_of(params)]).track_still(frames(1)[0])


def expressed(**values: float) -> FaceParams:
    expression = np.zeros(52, np.float32)
    for name, value in values.items():
        expression[E[name]] = value
    return replace(NEUTRAL, expression=expression)


def clip(count: int, **peaks: float) -> list[FaceParams]:
    """Return a head of another shape that turns, and whose coefficients rise and fall twice."""
    course = np.sin(np.linspace(0, 2 * np.pi, count)) ** 2
    out = []
    for index, share in enumerate(course):
        params = expressed(**{name: peak * float(share) for name, peak in peaks.items()})
        pose = np.array([0.3 * np.sin(index / 6), 0.1 * np.cos(index / 5), 0.05], np.float32)
        out.append(replace(params, shape=SHAPE, pose=pose))
    return out


@pytest.mark.parametrize("name", ["eyeBlinkLeft", "jawOpen", "mouthSmileRight", "mouthPucker", "browInnerUp"])
def test_a_coefficient_is_found_on_its_own_side(name: str) -> None:
    found = still(expressed(**{name: 0.7})).expression
    assert found[E[name]] == pytest.approx(0.7, abs=0.2)
    other = name.replace("Left", "#").replace("Right", "Left").replace("#", "Right")
    if other != name:
        assert found[E[other]] < 0.15


@pytest.mark.parametrize(("axis", "angle"), [(0, 0.4), (0, -0.4), (1, 0.25), (1, -0.25), (2, 0.3), (2, -0.3)])
def test_angles_have_their_signs_and_sizes(axis: int, angle: float) -> None:
    pose = np.zeros(3, np.float32)
    pose[axis] = angle
    found = still(replace(NEUTRAL, pose=pose))
    assert found.pose == pytest.approx(pose, abs=0.03)
    assert found.camera == pytest.approx(NEUTRAL.camera, abs=0.01)


@pytest.mark.parametrize("gaze", [(0.6, 0.0), (-0.6, 0.0), (0.0, 0.5), (0.0, -0.5)])
def test_eyes_look_where_they_look(gaze: tuple[float, float]) -> None:
    found = still(replace(NEUTRAL, gaze=np.array(gaze, np.float32)))
    assert found.gaze == pytest.approx(gaze, abs=0.12)


def test_a_clip_has_one_shape_small_misfit_and_the_motion() -> None:
    truth = clip(40, jawOpen=0.6, eyeBlinkLeft=0.8, eyeBlinkRight=0.8, mouthSmileLeft=0.5, mouthSmileRight=0.5)
    faces = [face_of(params, noise=0.3, seed=index) for index, params in enumerate(truth)]
    fit = tracker_of([*faces[:20], None, *faces[21:]]).fit_clip(frames(40), 25.0)
    drive = fit.drive
    assert drive.shape.shape == (120,) and len(drive) == 40 and drive.face_model == "arkit"
    assert fit.tracked == pytest.approx(39 / 40) and not fit.seen[20]
    assert np.median(fit.reprojection) < 0.02 and np.median(fit.moving) < np.median(fit.reprojection)
    for name in ("jawOpen", "eyeBlinkLeft", "mouthSmileRight"):
        true = np.array([params.expression[E[name]] for params in truth])
        assert np.corrcoef(true, drive.expression[:, E[name]])[0, 1] > 0.9, name
    turned = np.array([params.pose for params in truth])
    assert np.abs(drive.pose - turned)[:, :2].mean() < 0.03
    # without delay: the best shift of the yaw against the truth is none
    errors = [np.abs(np.roll(drive.pose[:, 0], shift) - turned[:, 0])[3:-3].mean() for shift in (-1, 0, 1)]
    assert int(np.argmin(errors)) == 1
    assert drive.expression[fit.neutral, E["jawOpen"]] < 0.25


def test_a_residual_leads_from_the_head_to_the_mesh() -> None:
    params = replace(expressed(jawOpen=0.4), shape=SHAPE)
    face = face_of(params)
    found = tracker_of([face]).track_still(frames(1)[0])
    assert found.residual is not None
    head = avatar_head().mesh_points(found.shape, found.expression, found.gaze) + found.residual
    there = view_of(found, SIZE).project(head)[:468, :2]
    assert np.abs(there - face.points[:, :2]).max() < 0.2


def test_a_fit_is_not_told_without_a_residual() -> None:
    with pytest.raises(ValueError, match="has no residual"):
        fit_quality(DriveSequence.still(NEUTRAL, 25.0))


def test_clips_without_face_or_frames_are_refused() -> None:
    with pytest.raises(NoFaceError, match="no face found in any of 3 frames"):
        tracker_of([None] * 3).track_clip(frames(3), 25.0)
    with pytest.raises(TrackerError, match="fps > 0 expected"):
        tracker_of([]).track_clip(frames(3), 0.0)
