"""Prepare a head for layers: its outside, its face, its mirror image, and how its mesh follows landmarks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from generator.avatars import AvatarHead, avatar_head
from generator.face.face_params import Floats
from generator.face.raster import Ints, vertex_normals

from .kernels import draw_mesh
from .landmarks import COUNT, OVAL
from .residual import smooth_field

_VIEWS = tuple((yaw, pitch) for yaw in (-100, -60, -30, 0, 30, 60, 100, 180) for pitch in (-45, 0, 40))
_VIEW_SIZE = 450


@dataclass(frozen=True, slots=True, eq=False)
class Rig:
    """A head as the layers need it; N coarse vertices, of which the first B are the body's, and V fine ones.

    Attributes:
        rest: (N, 3) the mean head, head space.
        expressions: (E, N, 3) displacement of each coefficient.
        body: Number of body vertices B.
        subdivision: (V, B) from body vertices to fine vertices.
        faces: (F, 3) triangles that can be seen from outside while eyes and mouth are shut.
        landmarks: (468, B) the points of the face mesh.
        follow: (B, 468) displacement of the body for displacements of the landmarks.
        unit: Head units in a decimetre.
        canonical: (V, 3) the mean head in decimetres from the middle between the eyes.
        oval: (V,) 1 inside the face's contour, 0 outside.
        mirror: (V,) the vertex on the other side.
        masks: (V,) masks in [0, 1] by name: "lips", "eyelids".
        parts: Slices of the coarse vertices by name: "upper_teeth", "lower_teeth", "left_eye", "right_eye" and more.
    """

    rest: Floats
    expressions: Floats
    body: int
    subdivision: sparse.csr_matrix
    faces: Ints
    landmarks: sparse.csr_matrix
    follow: Floats
    unit: float
    canonical: Floats
    oval: Floats
    mirror: Ints
    masks: Mapping[str, Floats]
    parts: Mapping[str, slice]

    @property
    def landmark_rest(self) -> Floats:
        """Return the landmarks (468, 3) of the mean head."""
        return self.points(self.rest)

    def points(self, coarse: Floats) -> Floats:
        """Return the landmarks (468, 3) of a head (N, 3)."""
        return np.asarray(self.landmarks @ coarse[: self.body], np.float64)

    def fine(self, coarse: Floats) -> Floats:
        """Return the fine surface (V, 3) of a head (N, 3)."""
        return np.asarray(self.subdivision @ coarse[: self.body], np.float32)

    def met(self, coarse: Floats, residual: Floats) -> Floats:
        """Return the head (N, 3) moved so that its landmarks are displaced by a residual (468, 3)."""
        moved = coarse.astype(np.float32, copy=True)
        moved[: self.body] += self.follow @ residual.astype(np.float32)
        return moved


@cache
def avatar_rig() -> Rig:
    """Return the avatar head as the layers need it; it is built once in a process."""
    return rig_of(avatar_head())


def rig_of(head: AvatarHead) -> Rig:
    """Prepare the mean head of a head model."""
    asset = head.asset
    mean = head.neutral(np.zeros(head.layout.shape_size, np.float32))
    return build_rig(
        rest=mean.coarse,
        expressions=asset.expression * np.float32(mean.scale),
        body=asset.body,
        quads=asset.quads,
        subdivision=head.skin.matrix,
        faces=head.skin.triangles,
        landmarks=sparse.csr_matrix(head.skin.matrix[asset.landmarks]),
        masks={name: head.masks[name] for name in ("lips", "eyelids")},
        parts=asset.parts,
        unit=mean.scale,
    )


def build_rig(
    rest: Floats,
    expressions: Floats,
    body: int,
    quads: Ints,
    subdivision: sparse.csr_matrix,
    faces: Ints,
    landmarks: sparse.csr_matrix,
    masks: Mapping[str, Floats],
    parts: Mapping[str, slice],
    unit: float,
) -> Rig:
    """Derive what the layers need from a head; the arguments are described at `Rig`, `quads` are the body's faces."""
    eyes = (rest[parts["left_eye"]].mean(0) + rest[parts["right_eye"]].mean(0)) / 2
    coarse = (rest - eyes) / unit
    canonical = np.asarray(subdivision @ coarse[:body], np.float32)
    seen = _outside(canonical, faces, [coarse[parts[name]] for name in ("left_eye", "right_eye")])
    used = np.zeros(len(canonical), bool)
    used[faces[seen].ravel()] = True
    points = np.asarray(landmarks @ coarse[:body])
    return Rig(
        rest=rest.astype(np.float32),
        expressions=expressions.astype(np.float32),
        body=body,
        subdivision=subdivision,
        faces=np.ascontiguousarray(faces[used[faces].all(1)], np.int32),
        landmarks=landmarks,
        follow=smooth_field(coarse[:body], quads, landmarks),
        unit=unit,
        canonical=canonical,
        oval=_face_mask(canonical, faces, points),
        mirror=np.asarray(cKDTree(canonical).query(canonical * [-1, 1, 1])[1], np.int32),
        masks=masks,
        parts=parts,
    )


def _outside(points: Floats, faces: Ints, eyes: list[Floats]) -> np.ndarray:
    """Return which triangles (F,) can be seen from some direction while eyeballs fill the eyes."""
    balls = [_ball(*_sphere(eye)) for eye in eyes]
    count = len(points)
    everything = np.concatenate([points, *(ball[0] for ball in balls)]).astype(np.float32)
    triangles = [faces]
    for ball_points, ball_faces in balls:
        triangles.append(ball_faces + count)
        count += len(ball_points)
    all_faces = np.ascontiguousarray(np.concatenate(triangles), np.int32)
    seen = np.zeros(len(all_faces), bool)
    nothing = np.zeros((len(everything), 1), np.float32)
    for yaw, pitch in _VIEWS:
        turned = everything @ _turn(np.radians(yaw), np.radians(pitch)).T
        screen = turned * [_VIEW_SIZE / 5.5, -_VIEW_SIZE / 5.5, 1] + [_VIEW_SIZE / 2, _VIEW_SIZE / 2, 0]
        drawn = draw_mesh(screen, all_faces, nothing, (_VIEW_SIZE, _VIEW_SIZE), both_sides=False)
        seen[drawn.face[drawn.face >= 0]] = True
    return seen[: len(faces)]


def _turn(yaw: float, pitch: float) -> Floats:
    cy, sy, cp, sp = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch)
    return np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]]) @ np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])


def _sphere(points: Floats) -> tuple[Floats, float]:
    """Return centre and radius of the sphere through points, by least squares."""
    system = np.concatenate([2 * points, np.ones((len(points), 1))], 1)
    solved = np.linalg.lstsq(system, (points**2).sum(1), rcond=None)[0]
    return solved[:3], float(np.sqrt(solved[3] + (solved[:3] ** 2).sum()))


def _ball(centre: Floats, radius: float) -> tuple[Floats, Ints]:
    """Return a sphere as points and triangles, seen from both sides through doubled faces."""
    rings, around = 17, 33
    polar, azimuth = np.meshgrid(np.linspace(0, np.pi, rings), np.linspace(0, 2 * np.pi, around))
    directions = np.stack([np.sin(polar) * np.cos(azimuth), np.cos(polar), np.sin(polar) * np.sin(azimuth)], -1)
    i, j = (index.ravel() for index in np.meshgrid(np.arange(around - 1), np.arange(rings - 1), indexing="ij"))
    a, b, c, d = i * rings + j, i * rings + j + 1, (i + 1) * rings + j, (i + 1) * rings + j + 1
    one_side = np.concatenate([np.stack([a, b, c], 1), np.stack([b, d, c], 1)])
    faces = np.concatenate([one_side, one_side[:, ::-1]]).astype(np.int32)
    return (centre + radius * directions.reshape(-1, 3)).astype(np.float32), faces


def _face_mask(canonical: Floats, faces: Ints, points: Floats) -> Floats:
    """Return how far each vertex lies inside the contour of the face, from 0 to 1."""
    assert len(points) == COUNT  # noqa: S101 - the landmarks of the face mesh  # nosec B101
    contour = (points[list(OVAL)][:, :2] * 1000).astype(np.float32).reshape(-1, 1, 2)
    inward = np.array(
        [cv2.pointPolygonTest(contour, (float(x) * 1000, float(y) * 1000), True) for x, y in canonical[:, :2]]
    )
    front = np.clip((vertex_normals(canonical, faces)[:, 2] + 0.15) / 0.2, 0, 1)
    mask: Floats = np.clip((inward / 1000 + 0.03) / 0.05, 0, 1) * (canonical[:, 2] > -0.75) * front
    return mask.astype(np.float32)
