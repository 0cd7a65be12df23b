"""Track the avatar head's parameters in pictures and clips, with what they leave of the face mesh."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from generator.avatars import GAZE_RADIANS, NeutralHead, avatar_head
from generator.face.face_params import ARKIT_EXPRESSION, MESH_POINTS, DriveSequence, FaceParams, Floats
from generator.face.pose import angles
from generator.geometry import View, view_of
from generator.trackers.face_mesh.eyes import apertures, blinks, resting_aperture
from generator.trackers.face_mesh.face_mesh import FaceMesh, MeshFace
from generator.trackers.face_mesh.follow import check_clip, check_gaps, follow
from generator.trackers.protocol import Box, ClipFrames, Progress
from generator.trackers.regions import Image, Points

from .avatar_fit import AvatarFit, AvatarFitter
from .clip_fit import ClipFit, fit_quality
from .drive_smoothing import smooth_drive
from .face_crop import box_around, check_landmarks
from .ibug import MESH_INDEX
from .smoothing import OneEuro, spread

_SHAPE_FRAMES = 6
_RESIDUAL = OneEuro(cutoff=6.0, beta=40.0)
_BLINKS, _LOOKS_DOWN = (
    [ARKIT_EXPRESSION.index(f"{name}{side}") for side in ("Right", "Left")] for name in ("eyeBlink", "eyeLookDown")
)
"""Places of the coefficients, that of the eye on the picture's left first."""
_IRISES = ((468, slice(468, 473)), (473, slice(473, 478)))


@dataclass(frozen=True, slots=True, eq=False)
class FollowedFace:
    """A face in one frame of a clip that arrives frame by frame.

    Attributes:
        mesh: Its mesh. fit: The fit of the head. params: Its parameters, not smoothed.
    """

    mesh: MeshFace
    fit: AvatarFit
    params: FaceParams


class AvatarTracker:
    """Track faces of the layout "arkit".

    Args:
        mesh: The face mesh networks.
    """

    name = "arkit"
    face_model = "arkit"

    def __init__(self, mesh: FaceMesh) -> None:
        self._mesh = mesh
        self._fitter = AvatarFitter(avatar_head())

    def faces(self, image: Image, most: int = 12) -> list[MeshFace]:
        """Return the faces of a picture, the largest first; small ones beside a large one are looked for, too."""
        return self._mesh.read_all(image, most, thorough=True)

    def track_still(self, image: Image, *, box: Box | None = None, landmarks: Points | None = None) -> FaceParams:
        """Read the face of a picture; see `Tracker`. Landmarks replace those of the networks."""
        height, width = image.shape[:2]
        if landmarks is not None:
            landmarks = check_landmarks(landmarks, height, width)
            box = box_around(landmarks, height, width)
        face = self._mesh.find(image, box)
        points = face.points.copy()
        if landmarks is not None:
            points[MESH_INDEX, :2] = landmarks
        fit = self._fitter.fit(points)
        return self._params(replace(face, points=points), fit, height, width)

    def track_clip(
        self,
        frames: ClipFrames,
        fps: float,
        *,
        box: Box | None = None,
        landmarks: Points | None = None,
        progress: Progress | None = None,
    ) -> DriveSequence:
        """Read the motion of one face; see `Tracker`. Box and landmarks select the face, which is then followed."""
        return self.fit_clip(frames, fps, box=box, landmarks=landmarks, progress=progress).drive

    def fit_clip(
        self,
        frames: ClipFrames,
        fps: float,
        *,
        box: Box | None = None,
        landmarks: Points | None = None,
        progress: Progress | None = None,
    ) -> ClipFit:
        """Read the motion of one face and how well the head fits it; arguments and errors are those of `track_clip`."""
        check_clip(frames, fps)
        height, width = frames.shape[1:3]
        if landmarks is not None:
            box = box_around(check_landmarks(landmarks, height, width), height, width)
        faces = follow(self._mesh, frames, progress, box)
        known = np.array([face is not None for face in faces])
        check_gaps(known, fps)
        seen = [face for face in faces if face is not None]
        fits = self._fit_clip(seen)
        each = [self._params(face, fit, height, width) for face, fit in zip(seen, fits, strict=True)]

        def curve(values: list[Floats]) -> Floats:
            return spread(np.stack(values).astype(np.float64), known).astype(np.float32)

        drive = DriveSequence(
            shape=each[0].shape,
            expression=curve(_with_blinks([one.expression for one in each], seen, fits)),
            pose=curve(list(np.unwrap([one.pose for one in each], axis=0))),
            gaze=curve([one.gaze for one in each]),
            camera=curve([one.camera for one in each]),
            fps=fps,
            face_model=self.face_model,
        )
        return fit_quality(self._with_residual(smooth_drive(drive), seen, known, height, width), known)

    def follow(self, image: Image, before: FollowedFace | None) -> FollowedFace | None:
        """Read a face in a frame that follows another one, and return None where no face is found.

        Args:
            image: (H, W, 3) uint8 RGB.
            before: The face in the frame before, whose place and shape are kept; None to look for a face.
        """
        face = self._mesh.track(image, None if before is None else before.mesh)
        if face is None:
            return None
        known = (None, None) if before is None else (before.fit.shape, before.fit)
        fit = self._fitter.fit(face.points, *known)
        return FollowedFace(face, fit, self._params(face, fit, *image.shape[:2]))

    def _fit_clip(self, faces: list[MeshFace]) -> list[AvatarFit]:
        """Fit one shape, then each frame, then camera and expression again on the person's constant misfit."""
        clip = [face.points for face in faces]
        chosen = np.linspace(0, len(clip) - 1, min(_SHAPE_FRAMES, len(clip))).astype(int)
        shape = np.mean([self._fitter.fit(clip[index]).shape for index in chosen], 0)
        fits: list[AvatarFit] = []
        for points in clip:
            fits.append(self._fitter.fit(points, shape, fits[-1] if fits else None))
        misfit = np.median([self._fitter.misfit(fit, points) for fit, points in zip(fits, clip, strict=True)], 0)
        steadied = [self._fitter.steadied(fit, points, misfit) for fit, points in zip(fits, clip, strict=True)]
        person = self._fitter.head.neutral(shape)
        return [
            self._fitter.refined(fit, face.points, misfit, self._gaze(person, fit.view, face))
            for fit, face in zip(steadied, faces, strict=True)
        ]

    def _params(self, face: MeshFace, fit: AvatarFit, height: int, width: int) -> FaceParams:
        """Return the parameters of one picture, with the residual."""
        side = max(height, width)
        corner = (side - np.array([width, height])) / 2
        camera = np.concatenate([[fit.view.scale / side], (fit.view.shift + corner) / side])
        person = self._fitter.head.neutral(fit.shape)
        params = FaceParams(
            shape=fit.shape,
            expression=fit.expression,
            pose=angles(np.asarray(fit.view.rotation, np.float64)).astype(np.float32),
            gaze=self._gaze(person, fit.view, face),
            camera=camera.astype(np.float32),
            face_model=self.face_model,
        )
        return replace(params, residual=self._residual(params, person, face, height, width))

    def _gaze(self, person: NeutralHead, view: View, face: MeshFace) -> Floats:
        """Return the mean gaze (2,) of both eyes, from the irises' places on the eyeballs."""
        looks = []
        for eye, iris in zip(person.eyes[::-1], face.irises, strict=True):
            ahead = eye.centre + np.array([0, 0, eye.radius[2]])
            off = view.lift(ahead[None], (iris - view.project(ahead[None])[0, :2])[None])[0]
            across, up = np.arcsin(np.clip(off[:2] / eye.radius[:2], -0.9, 0.9))
            looks.append((across / GAZE_RADIANS[0], up / GAZE_RADIANS[1]))
        return np.clip(np.mean(looks, 0), -1, 1).astype(np.float32)

    def _residual(self, params: FaceParams, person: NeutralHead, face: MeshFace, height: int, width: int) -> Floats:
        """Return what moves the head's 478 points to those of the picture, (478, 3) in head space."""
        head, view = self._fitter.head, view_in_pixels(params, height, width)
        points = head.mesh_points_of(person, head.expressed(person, params.expression, params.gaze), params.gaze)
        there = view.project(points)[:, :2]
        there[:468] = face.points[:, :2] - there[:468]
        for (centre, both), iris in zip(_IRISES, face.irises, strict=True):
            there[both] = iris - there[centre]
        return view.lift(points, there).astype(np.float32)

    def _with_residual(
        self, drive: DriveSequence, seen: list[MeshFace], known: np.ndarray, height: int, width: int
    ) -> DriveSequence:
        person = self._fitter.head.neutral(drive.shape)
        shown = np.flatnonzero(known)
        rows = [
            self._residual(drive[int(index)], person, face, height, width).ravel()
            for index, face in zip(shown, seen, strict=True)
        ]
        curve = spread(np.stack(rows).astype(np.float64), known)
        smooth = _RESIDUAL.smooth(curve, drive.fps) if len(curve) > 1 else curve
        return replace(drive, residual=smooth.reshape(-1, MESH_POINTS, 3).astype(np.float32))


def _with_blinks(expressions: list[Floats], faces: list[MeshFace], fits: list[AvatarFit]) -> list[Floats]:
    """Return the expressions (52,) of a clip with lids that shut where the eyes blink.

    The fit takes a falling lid for a downward gaze, since the irises sink, and the network's lids never meet.
    """
    towards_viewer = np.array([1, -1, -1])
    level = np.stack(
        [(face.points * towards_viewer) @ fit.view.rotation for face, fit in zip(faces, fits, strict=True)]
    )
    aperture = apertures(level[:, MESH_INDEX])
    yaw = np.array([angles(np.asarray(fit.view.rotation, np.float64))[0] for fit in fits])
    shut = blinks(aperture, resting_aperture(aperture), yaw)
    out = np.stack(expressions)
    out[:, _BLINKS] = np.maximum(out[:, _BLINKS], shut)
    out[:, _LOOKS_DOWN] *= 1 - shut
    return list(out.astype(np.float32))


def view_in_pixels(params: FaceParams, height: int, width: int) -> View:
    """Return the camera of parameters in the pixels of their picture."""
    side = max(height, width)
    view = view_of(params, side)
    return view.moved(shift=view.shift - (side - np.array([width, height])) / 2)
