"""Swap faces by landmarks: warp another face triangle by triangle and clone it into the target (Pérez et al. 2003)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay

from .footage import Edited, Footage, Frames
from .shapes import LIPS, VISIBLE, Points, Weights, face_length, hull

_INNER_LIPS = range(60, 68)
_OPEN = 0.02
"""Height of the open mouth, in face lengths, from which the target keeps the region between its lips."""


def swap_faces(target: Footage, still: Frames, landmarks: Points) -> Edited:
    """Blend the face of a still into another person's footage; brows to chin, mouth and eyes follow the target.

    Args:
        target: Footage of the other person.
        still: (H, W, 3) uint8 RGB, the face to insert.
        landmarks: (68, 2) points of that face in pixels.
    """
    made = [
        _swap(frame, points, still, landmarks, target.uncovered(index) > 0)
        for index, (frame, points) in enumerate(zip(target.frames, target.faces.landmarks, strict=True))
    ]
    return Edited(np.stack([frame for frame, _ in made]), target.faces, np.stack([mask for _, mask in made]))


def bend(image: Frames, source: Points, target: Points, shape: tuple[int, int] | None = None) -> tuple[Frames, Weights]:
    """Warp a picture by an affine map in each triangle between points; triangles that turn over are left out.

    Args:
        image: (H, W, 3) uint8 RGB.
        source: (N, 2) points in it.
        target: (N, 2) their new places.
        shape: Height and width of the result; None for those of the picture.

    Returns:
        The warped picture, and (H, W) 1 where it is defined.
    """
    height, width = shape or image.shape[:2]
    fetched = np.zeros((height, width, 2), dtype=np.float32)
    covered = np.zeros((height, width), dtype=np.float32)
    for corners in Delaunay(source).simplices:
        here, there = source[corners].astype(np.float32), target[corners].astype(np.float32)
        if _turn(here) * _turn(there) <= 0 or abs(_turn(there)) < 1:
            continue
        low = np.clip(np.floor(there.min(0)).astype(int), 0, (width, height))
        high = np.clip(np.ceil(there.max(0)).astype(int) + 1, 0, (width, height))
        if (high <= low).any():
            continue
        piece = np.zeros(tuple((high - low)[::-1]), dtype=np.uint8)
        cv2.fillConvexPoly(piece, np.round(there - low).astype(np.int32), 1)
        rows, columns = np.nonzero(piece)
        places = np.stack([columns + low[0], rows + low[1], np.ones_like(rows)], axis=1).astype(np.float32)
        back = cv2.getAffineTransform(there, here).astype(np.float32)
        fetched[rows + low[1], columns + low[0]] = places @ back.T
        covered[rows + low[1], columns + low[0]] = 1
    moved = cv2.remap(image, fetched[..., 0], fetched[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, dtype=np.uint8), covered


def _swap(
    frame: Frames, points: Points, still: Frames, landmarks: Points, uncovered: NDArray[np.bool_]
) -> tuple[Frames, NDArray[np.bool_]]:
    """Return the frame with the other face in it, and (H, W) where it is seen; what covers the face stays."""
    height, width = frame.shape[:2]
    moved, covered = bend(still, landmarks, points, (height, width))
    mask = covered * hull(points, height, width)
    if np.linalg.norm(points[66] - points[62]) > _OPEN * face_length(points):
        mask *= 1 - hull(points[list(_INNER_LIPS)], height, width)
    mask = np.asarray(cv2.erode(mask, np.ones((5, 5), np.uint8), borderValue=0), dtype=np.float32)
    mask[:2] = mask[-2:] = 0
    mask[:, :2] = mask[:, -2:] = 0
    if mask.sum() < len(LIPS):
        return frame, np.zeros((height, width), dtype=bool)
    cloned = clone(frame, _coloured_like(moved, frame, mask > VISIBLE), mask)
    return np.where(uncovered[..., None], cloned, frame), (mask > VISIBLE) & uncovered


def _coloured_like(patch: Frames, frame: Frames, area: NDArray[np.bool_]) -> Frames:
    """Return a patch with the mean and spread of the frame's colours there, in Lab (Reinhard et al. 2001)."""
    own, wanted = (cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.float32) for image in (patch, frame))
    scale = wanted[area].std(0) / np.maximum(own[area].std(0), 1)
    matched = (own - own[area].mean(0)) * np.clip(scale, 0.5, 1.5) + wanted[area].mean(0)
    return np.asarray(cv2.cvtColor(np.clip(matched, 0, 255).astype(np.uint8), cv2.COLOR_LAB2RGB), dtype=np.uint8)


def clone(frame: Frames, patch: Frames, mask: Weights) -> Frames:
    """Clone a patch into a frame by its gradients, so that it adopts the frame's colours at the edge.

    Args:
        frame: (H, W, 3) uint8 RGB.
        patch: (H, W, 3) uint8 RGB, at its place.
        mask: (H, W) 1 where the patch goes; 0 on the two outermost pixels.
    """
    area = (mask > 0).astype(np.uint8) * 255
    left, top, width, height = cv2.boundingRect(area)
    centre = (left + width // 2, top + height // 2)
    bgr = cv2.seamlessClone(
        np.ascontiguousarray(patch[..., ::-1]), np.ascontiguousarray(frame[..., ::-1]), area, centre, cv2.NORMAL_CLONE
    )
    return np.where(mask[..., None] > 0, bgr[..., ::-1], frame)


def _turn(triangle: Points) -> float:
    (ax, ay), (bx, by) = triangle[1] - triangle[0], triangle[2] - triangle[0]
    return float(ax * by - ay * bx)
