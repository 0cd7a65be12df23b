"""Give a photographed face another expression and pose by moving its mesh; nothing is learned here."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import LinearNDInterpolator

from .portraits import Image, Points

Rng = np.random.Generator

_GRID = 56
"""Number of rows and columns at which the displacement is computed before it is enlarged."""
_INNER_LIPS = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
_CORNERS, _CHIN, _UPPER, _LOWER = (61, 291), 152, 13, 14
_LIDS = ((159, 145), (386, 374))
_BROWS = (105, 334)
_INTERPOLATIONS = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)


@dataclass(frozen=True, slots=True)
class Motion:
    """One expression and pose.

    Attributes:
        jaw: Opening of the mouth as a share of the face's length.
        corners: Outward and upward shift of the mouth's corners, shares of the face's length.
        brows: Upward shift of the brows, a share of the face's length.
        lids: Share of the eyes that is closed; below 0 they open wider.
        turn: Yaw, pitch and roll in radians.
    """

    jaw: float
    corners: tuple[float, float]
    brows: float
    lids: float
    turn: tuple[float, float, float]


def draw_motion(rng: Rng, *, still_head: bool = False) -> Motion:
    """Draw a motion that a reader would notice beside the original; with `still_head` the pose stays."""
    jaw = float(rng.uniform(0.02, 0.12)) if rng.random() < 0.6 else 0.0
    lids = float(rng.uniform(0.4, 1.0)) if rng.random() < 0.35 else float(rng.uniform(-0.25, 0.2))
    turn = (0.0, 0.0, 0.0) if still_head else tuple(float(rng.normal(0, width)) for width in (0.16, 0.09, 0.06))
    corners = (float(rng.uniform(-0.05, 0.06)), float(rng.uniform(-0.05, 0.07)))
    return Motion(jaw, corners, float(rng.uniform(-0.03, 0.06)), lids, (turn[0], turn[1], turn[2]))


def move_mesh(mesh: Points, motion: Motion) -> Points:
    """Return the mesh (468, 3) after a motion, in the same pixels."""
    length = float(np.linalg.norm(mesh[_CHIN, :2] - mesh[10, :2]))
    moved = mesh.astype(np.float64).copy()
    down = _unit(mesh[_CHIN, :2] - mesh[10, :2])
    right = np.array([down[1], -down[0]])
    mouth = mesh[[_UPPER, _LOWER], :2].mean(0)
    below = (mesh[:, :2] - mouth) @ down / length
    across = (mesh[:, :2] - mouth) @ right / length
    jaw = np.clip(below / 0.03, 0, 1) * np.exp(-((across / 0.32) ** 2))
    jaw[list(_INNER_LIPS[11:])] = np.exp(-((across[list(_INNER_LIPS[11:])] / 0.1) ** 2))
    jaw[list(_INNER_LIPS[:11])] = 0
    moved[:, :2] += (motion.jaw * length) * jaw[:, None] * down
    for corner in _CORNERS:
        side = np.sign((mesh[corner, :2] - mouth) @ right)
        push = motion.corners[0] * side * right - motion.corners[1] * down
        moved[:, :2] += length * _near(mesh, corner, 0.1 * length)[:, None] * push
    for brow in _BROWS:
        moved[:, :2] -= motion.brows * length * _near(mesh, brow, 0.1 * length)[:, None] * down
    for upper, lower in _LIDS:
        gap = mesh[lower, :2] - mesh[upper, :2]
        moved[:, :2] += motion.lids * 0.9 * _near(mesh, upper, 0.045 * length)[:, None] * gap
    return _turned(moved, motion.turn).astype(np.float32)


def warp_face(picture: Image, mesh: Points, moved: Points, rng: Rng) -> Image:
    """Move a face's pixels with its mesh; the movement fades out towards the border of the picture.

    Args:
        picture: (H, W, 3) uint8 RGB.
        mesh: (468, 3) its face.
        moved: (468, 3) the face after the motion.
        rng: Draws the interpolation and the inside of an opened mouth.
    """
    height, width = picture.shape[:2]
    columns, rows = np.linspace(0, width - 1, _GRID), np.linspace(0, height - 1, _GRID)
    fixed = _surroundings(moved, height, width)
    places = np.concatenate([moved[:, :2], fixed])
    shift = np.concatenate([mesh[:, :2] - moved[:, :2], np.zeros_like(fixed)])
    grid = np.stack(np.meshgrid(columns, rows), axis=-1)
    field = np.nan_to_num(LinearNDInterpolator(places, shift)(grid)).astype(np.float32)
    field = cv2.resize(cv2.GaussianBlur(field, (0, 0), 0.7), (width, height), interpolation=cv2.INTER_LINEAR)
    across, down = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    kind = int(rng.choice(_INTERPOLATIONS))
    warped = cv2.remap(picture, across + field[..., 0], down + field[..., 1], kind, borderMode=cv2.BORDER_REPLICATE)
    return _fill_mouth(np.asarray(warped, dtype=np.uint8), mesh, moved, rng)


def _fill_mouth(picture: Image, mesh: Points, moved: Points, rng: Rng) -> Image:
    """Draw a dark inside, and often a row of teeth, where the motion opened the mouth."""
    length = float(np.linalg.norm(moved[_CHIN, :2] - moved[10, :2]))
    before = float(np.linalg.norm(mesh[_UPPER, :2] - mesh[_LOWER, :2]))
    gap = float(np.linalg.norm(moved[_UPPER, :2] - moved[_LOWER, :2]))
    if gap - before < 0.02 * length:
        return picture
    inside = np.round(moved[list(_INNER_LIPS), :2]).astype(np.int32)
    mask = np.zeros(picture.shape[:2], dtype=np.float32)
    cv2.fillPoly(mask, [inside], 1.0)
    mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), max(0.5, 0.006 * length)), dtype=np.float32)
    dark = np.full(picture.shape, rng.uniform(0.2, 1) * np.array([85.0, 42.0, 42.0]), dtype=np.float32)
    if rng.random() < 0.6:
        lip = moved[_UPPER, :2]
        away = (np.indices(mask.shape)[0] - lip[1]) / max(gap, 1)
        teeth = np.clip(1 - away / rng.uniform(0.25, 0.5), 0, 1) ** 0.5
        colour = rng.uniform(130, 230) * np.array([1.0, 0.96, 0.88])
        dark += (teeth[..., None] * (colour - dark) * rng.uniform(0.5, 1.0)).astype(np.float32)
    mixed = mask[..., None] * dark + (1 - mask[..., None]) * picture
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


def _surroundings(moved: Points, height: int, width: int) -> NDArray[np.float64]:
    """Return points that do not move: the border of the picture, and a ring around the face where it has room."""
    edge = np.linspace(0, 1, 6)
    border = [(x, y) for x in edge for y in (0.0, 1.0)] + [(x, y) for x in (0.0, 1.0) for y in edge[1:-1]]
    still = np.array(border) * (width - 1, height - 1)
    centre = moved[:, :2].mean(0)
    radius = 1.5 * np.ptp(moved[:, :2], axis=0).max() / 2
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    ring = centre + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    inside = ((ring > 0) & (ring < (width - 1, height - 1))).all(axis=1)
    return np.asarray(np.concatenate([still, ring[inside]]), dtype=np.float64)


def _turned(points: NDArray[np.float64], turn: tuple[float, float, float]) -> NDArray[np.float64]:
    yaw, pitch, roll = turn
    cy, sy, cx, sx, cz, sz = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
    around_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    around_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    around_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    centre = points.mean(0)
    centre[2] = np.quantile(points[:, 2], 0.9)
    return np.asarray((points - centre) @ (around_z @ around_x @ around_y).T + centre)


def _near(mesh: Points, index: int, width: float) -> NDArray[np.float64]:
    away = np.linalg.norm(mesh[:, :2] - mesh[index, :2], axis=1)
    return np.asarray(np.exp(-0.5 * (away / width) ** 2), dtype=np.float64)


def _unit(vector: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-6), dtype=np.float64)
