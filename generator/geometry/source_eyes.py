"""Cut the irises out of the source picture and fill the white of the eyes behind them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.face.face_params import Floats

from .face_texture import eye_box, grey
from .filling import Mask, blur, fill, mix, polygon, shrink
from .landmarks import CORNERS, lid_outline
from .rig import Rig
from .sight import Sight
from .view import View

_RINGS = 24
_STEP = 1e-2
"""Step for the eye's frame, decimetres."""


@dataclass(frozen=True, slots=True, eq=False)
class SourceEye:
    """One eye of the source, cut out of a box of the picture.

    Attributes:
        corner: (2,) x, y of the box in the picture, pixels.
        white: (h, w, 4) the eye without its iris, alpha 1.
        iris: (h, w, 4) the iris with its pupil; alpha falls to 0 at its radius.
        radius: Radius of the iris in pixels.
        frame: (2, 2) from head units on the head to pixels. middle: (2,) between the corners, pixels.
        gaze: (2,) the iris from the middle of the corners, head units.
        width: Distance of the corners in head units.
    """

    corner: Floats
    white: Floats
    iris: Floats
    radius: float
    frame: Floats
    middle: Floats
    gaze: Floats
    width: float


def eye_frame(rig: Rig, view: View, landmarks: Floats, eye: int) -> tuple[Floats, Floats]:
    """Return the picture's affine frame (2, 2) at an eye, and the middle of its corners (2,) in pixels.

    Args:
        rig: The head.
        view: The camera.
        landmarks: (468, 3) in head space.
        eye: 0 for the picture's left one.
    """
    return view.frame_at(landmarks[list(CORNERS[eye])].mean(0), _STEP * rig.unit)


def irises_on_head(rig: Rig, view: View, landmarks: Floats, irises: Floats) -> Floats:
    """Return the place (2, 2) of each iris on the head, from the middle of the eye's corners in head units.

    Args:
        rig: The head.
        view: The camera.
        landmarks: (468, 3) in head space.
        irises: (2, 2) in the view's pixels.
    """
    frames = [eye_frame(rig, view, landmarks, eye) for eye in (0, 1)]
    return np.stack(
        [np.linalg.solve(frame, iris - middle) for (frame, middle), iris in zip(frames, irises, strict=True)]
    )


def cut_eye(rig: Rig, sight: Sight, eye: int) -> SourceEye:
    """Cut out one eye."""
    points, pixel = sight.points, sight.pixel
    corners = points[list(CORNERS[eye])]
    width = float(np.linalg.norm(corners[0] - corners[1]))
    rows, columns = eye_box(points, eye, width, sight.size)
    image, corner = sight.image[rows, columns], np.array([columns.start, rows.start], float)
    opening = polygon(lid_outline(points, eye) - corner, image.shape[:2])
    centre = sight.face.irises[eye] - corner
    inner = shrink(opening > 0.5, pixel) > 0
    luma = blur(grey(image), 0.8 * pixel)
    guess = float(np.clip(sight.face.radii[eye], 0.14 * width, 0.32 * width))
    radius = _iris_radius(luma, inner, centre, guess, width)
    grid = np.mgrid[0 : image.shape[0], 0 : image.shape[1]].astype(np.float32) + 0.5
    away = np.hypot(grid[1] - centre[0], grid[0] - centre[1])
    landmarks = rig.points(sight.coarse)
    frame, middle = eye_frame(rig, sight.face.view, landmarks, eye)
    white = _white(sight, image, luma, inner & (away > radius * 1.22), float(opening.sum()))
    iris = _iris(image, opening, inner, away / radius, pixel)
    edge = np.clip((radius * 1.06 - away) / max(0.10 * radius, 1.2 * pixel), 0, 1)
    return SourceEye(
        corner=corner,
        white=np.concatenate([white, np.ones_like(away)[..., None]], -1).astype(np.float32),
        iris=np.concatenate([iris, edge[..., None]], -1).astype(np.float32),
        radius=radius,
        frame=frame,
        middle=middle,
        gaze=np.linalg.solve(frame, sight.face.irises[eye] - middle),
        width=float(np.linalg.norm(np.subtract(*landmarks[list(CORNERS[eye])]))),
    )


def _white(sight: Sight, image: Floats, luma: Floats, shown: Mask, area: float) -> Floats:
    """Return the eye with its white carried behind the iris; an eye that shows no white gets a plain one."""
    face = sight.oval > 0.5
    if shown.sum() > max(12, 0.04 * area):
        bright = shown & (luma >= np.percentile(luma[shown], 35) - 25)
        return mix(fill(image, bright.astype(np.float32)), image, blur(bright.astype(np.float32), 0.8 * sight.pixel))
    skin = np.median(sight.image[face], 0)
    light = float(np.median(grey(sight.image)[face])) / 160
    plain = skin * 0.5 + np.array([230, 226, 222]) * 0.5 * light
    return np.broadcast_to(np.clip(plain, 0, 255), image.shape).astype(np.float32)


def _iris(image: Floats, opening: Floats, inner: Mask, away: Floats, pixel: float) -> Floats:
    """Return the iris: its own pixels between the lids, the means of its rings under them.

    Args:
        image: (h, w, 3).
        opening: (h, w) between the lids.
        inner: The same without its edge.
        away: (h, w) distance from the iris' centre in radii.
        pixel: Length of a pixel of a picture of 512.
    """
    shown = inner & (away < 1.12)
    rings = np.zeros((_RINGS, 3), np.float32)
    last = np.median(image[shown], 0) if shown.any() else np.array([40, 30, 25.0])
    for ring in range(_RINGS):
        on_ring = shown & (np.abs(away * 20 - ring) < 1.2)
        last = np.median(image[on_ring], 0) if on_ring.sum() > 2 else last
        rings[ring] = last
    hidden = rings[np.clip((away * 20).astype(int), 0, _RINGS - 1)]
    return mix(hidden, image, blur(shrink(opening > 0.5, pixel), 1.2 * pixel))


def _iris_radius(luma: Floats, inner: Mask, centre: Floats, guess: float, width: float) -> float:
    """Return where the brightness crosses half way from iris to white, beside the iris where the lids leave it free.

    Drawn irises are larger than the iris network believes.

    Args:
        luma: (h, w).
        inner: (h, w) between the lids.
        centre: (2,) of the iris.
        guess: The network's radius, pixels.
        width: Width of the eye, pixels.
    """
    grid = np.mgrid[0 : luma.shape[0], 0 : luma.shape[1]].astype(np.float32) + 0.5
    core = inner & (np.hypot(grid[1] - centre[0], grid[0] - centre[1]) < 0.75 * guess)
    if inner.sum() < 20 or core.sum() < 5:
        return guess
    dark, white = np.percentile(luma[core], 35), np.percentile(luma[inner], 92)
    if white - dark < 28:
        return guess
    radii, angles = np.linspace(0.6, 2.1, 31) * guess, np.linspace(-0.75, 0.75, 19)
    found = []
    for side in (-1, 1):
        rise = np.full(len(radii), np.nan)
        for index, radius in enumerate(radii):
            x = np.clip((centre[0] + side * radius * np.cos(angles)).astype(int), 0, luma.shape[1] - 1)
            y = np.clip((centre[1] + radius * np.sin(angles)).astype(int), 0, luma.shape[0] - 1)
            free = inner[y, x]
            if free.sum() >= 4:
                rise[index] = np.median((luma[y, x][free] - dark) / (white - dark))
        bright = np.nonzero(rise > 0.55)[0]
        if len(bright) and bright[0] > 0:
            found.append(radii[bright[0]])
    return float(np.clip(max(found) if found else guess, 0.8 * guess, 0.48 * width))
