"""See the fitted head in the source picture: mesh, contour, and directions along the face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.face.face_params import Floats
from generator.face.raster import Ints

from .filling import blur, grow, polygon
from .kernels import draw_mesh
from .landmarks import CHEEKS, CHIN, FOREHEAD, JAW, OVAL, eye_distance
from .rig import Rig
from .view import View


@dataclass(frozen=True, slots=True, eq=False)
class FaceInPicture:
    """A face as it was read in a square picture, with the head fitted to it.

    Attributes:
        points: (468, 2) the face mesh in pixels.
        irises: (2, 2) centres of the irises in pixels, the picture's left one first.
        radii: (2,) radii of the irises in pixels.
        view: The camera.
        coarse: (N, 3) the fitted head before it meets the points.
        expression: (E,) its expression.
    """

    points: Floats
    irises: Floats
    radii: Floats
    view: View
    coarse: Floats
    expression: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """The head in the source picture; S is the side of the picture.

    Attributes:
        image: (S, S, 3) float32 in 0 to 255.
        face: What was read; `points` have been set to the drawn lids.
        coarse: (N, 3) the head that meets the points. fine: (V, 3) its surface. screen: (V, 3) in pixels.
        mesh_face: (S, S) visible triangle or -1. mesh_weights: (S, S, 3) its barycentric weights.
        mesh_depth: (S, S) depth in pixels.
        oval: (S, S) mask of the face's contour.
        down: (2,) direction from forehead to chin.
        below: (S, S) distance below the chin along `down` in face heights, negative above it.
        beside: (S, S) distance from the line through the chin along `down`, in pixels.
        neck: (S, S) mask of what lies under the jaw.
        height: Forehead to chin in pixels. width: Cheek to cheek. eyes: Distance of the outer corners of the eyes.
        pixel: Length in pixels of a pixel of a picture of 512.
    """

    image: Floats
    face: FaceInPicture
    coarse: Floats
    fine: Floats
    screen: Floats
    mesh_face: Ints
    mesh_weights: Floats
    mesh_depth: Floats
    oval: Floats
    down: Floats
    below: Floats
    beside: Floats
    neck: Floats
    height: float
    width: float
    eyes: float
    pixel: float

    @property
    def size(self) -> int:
        """Return the side S of the picture."""
        return len(self.image)

    @property
    def points(self) -> Floats:
        """Return the face mesh (468, 2) in pixels."""
        return self.face.points

    @property
    def chin(self) -> Floats:
        """Return the chin's place (2,) in pixels."""
        chin: Floats = self.face.points[CHIN]
        return chin


def look(rig: Rig, image: Floats, face: FaceInPicture) -> Sight:
    """Move the fitted head onto the face's points, and measure the face."""
    size = len(image)
    view, points = face.view, face.points
    before = rig.points(face.coarse)
    residual = view.lift(before, points - view.project(before)[:, :2])
    coarse = rig.met(face.coarse, residual)
    fine = rig.fine(coarse)
    screen = view.project(fine).astype(np.float32)
    drawn = draw_mesh(screen, rig.faces, np.zeros((len(screen), 1)), (size, size), both_sides=False)
    weights = _weights(drawn.face, rig.faces, screen)
    height = float(np.linalg.norm(points[FOREHEAD] - points[CHIN]))
    down, chin = _down(view), points[CHIN]
    grid = np.mgrid[0:size, 0:size].astype(np.float32) + 0.5
    across, along = grid[1] - chin[0], grid[0] - chin[1]
    pixel = size / 512
    return Sight(
        image=image.astype(np.float32),
        face=face,
        coarse=coarse,
        fine=fine,
        screen=screen,
        mesh_face=drawn.face,
        mesh_weights=weights,
        mesh_depth=drawn.depth,
        oval=_contour(rig, points, drawn.face),
        down=down,
        below=((across * down[0] + along * down[1]) / height).astype(np.float32),
        beside=(across * down[1] - along * down[0]).astype(np.float32),
        neck=polygon(_under_jaw(points, down, height), (size, size), 1.2 * pixel),
        height=height,
        width=float(np.linalg.norm(points[CHEEKS[0]] - points[CHEEKS[1]])),
        eyes=eye_distance(points),
        pixel=pixel,
    )


def _contour(rig: Rig, points: Floats, drawn: Ints) -> Floats:
    """Return the mask of the face: its contour, and what of a turned face is seen beyond the contour's points."""
    face = (drawn >= 0) & (rig.oval[rig.faces].min(1) > 0.5)[drawn]
    soft = blur(grow(face, 1), 0.7 * len(drawn) / 512)
    return np.maximum(polygon(points[list(OVAL)], drawn.shape), np.clip(2 * soft - 1, 0, 1)).astype(np.float32)


def _weights(face: Ints, faces: Ints, screen: Floats) -> Floats:
    """Return the barycentric weights (S, S, 3) of the visible triangles; 0 where there is none."""
    weights = np.zeros((*face.shape, 3), np.float32)
    rows, columns = np.nonzero(face >= 0)
    a, b, c = (screen[faces[face[rows, columns], corner], :2] for corner in range(3))
    place = np.stack([columns, rows], 1) + 0.5
    area = _cross(b - a, c - a)
    first, second = _cross(place - a, c - a) / area, _cross(b - a, place - a) / area
    weights[rows, columns] = np.stack([1 - first - second, first, second], 1)
    return weights


def _cross(a: Floats, b: Floats) -> Floats:
    crossed: Floats = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return crossed


def _down(view: View) -> Floats:
    """Return the direction of the head's lower side on the picture, (2,)."""
    down = np.array([-view.rotation[0, 1], view.rotation[1, 1]])
    length = np.linalg.norm(down)
    return down / length if length > 0.3 else np.array([0.0, 1.0])


def _under_jaw(points: Floats, down: Floats, height: float) -> Floats:
    """Return the outline of what lies under the jaw, as far as three face heights down."""
    jaw = points[list(JAW)]
    wider = (jaw[-1] - jaw[0]) * 0.12
    return np.concatenate([jaw, [jaw[-1] + down * 3 * height + wider], [jaw[0] + down * 3 * height - wider]])
