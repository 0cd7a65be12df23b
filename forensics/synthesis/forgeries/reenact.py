"""Reenact by warping: move one frame with the head that is seen in it, and fill hidden pixels from beside them."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from forensics.faces import Faces
from generator.avatars import FrameTruth, flow

from .footage import Edited, Frames
from .shapes import Points
from .swap import bend

_BESIDE, _WITHIN = 4, 1
"""Pixels beside a hidden one that are not used either: the outline of the head lies there, or that of a part of it."""


def warp_by_truth(frame: Frames, here: FrameTruth, moments: Iterable[FrameTruth], faces: Faces) -> Edited:
    """Move one frame to every moment of a motion.

    Args:
        frame: (S, S, 3) uint8 RGB.
        here: The truth of that frame.
        moments: The truth of each moment, of the same character.
        faces: Box and landmarks of the face at each moment.
    """
    frames = []
    rows, columns = np.mgrid[0 : here.size, 0 : here.size].astype(np.float32)
    for there in moments:
        moved = flow(there, here)
        shown = there.face >= 0
        places = columns + moved.offset[..., 0], rows + moved.offset[..., 1]
        fetched = cv2.remap(frame, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        nearest = [np.clip(place.round().astype(int), 0, here.size - 1) for place in places]
        same = here.labels[nearest[1], nearest[0]] == there.labels  # another strand of the same hair will do
        within = _fill(np.asarray(fetched, np.uint8), shown & ~moved.visible & ~same, shown, _WITHIN)
        frames.append(_fill(within, ~shown & (here.face >= 0), ~shown, _BESIDE))
    return Edited(np.stack(frames), faces, None)


def _fill(image: Frames, hidden: NDArray[np.bool_], region: NDArray[np.bool_], margin: int) -> Frames:
    """Fill hidden pixels of a region with the colour of the nearest visible one of that region, softened."""
    side = 2 * margin + 1
    doubtful = cv2.dilate(hidden.astype(np.uint8), np.ones((side, side), np.uint8)) > 0
    seen = region & ~doubtful
    if not hidden.any() or not seen.any():
        return image
    nearest = distance_transform_edt(~seen, return_distances=False, return_indices=True)
    filled = image[nearest[0], nearest[1]]
    soft = np.asarray(cv2.GaussianBlur(filled, (0, 0), 1.5), dtype=np.uint8)
    return np.where((doubtful & region)[..., None], soft, image)


def warp_by_landmarks(frame: Frames, landmarks: Points, targets: Faces) -> Edited:
    """Move one frame so that its landmarks lie where others lie, triangle by triangle; the picture's edge stays.

    Args:
        frame: (H, W, 3) uint8 RGB.
        landmarks: (68, 2) points in it, in pixels.
        targets: Box and landmarks of the face at each moment.
    """
    height, width = frame.shape[:2]
    across, down = np.linspace(0, width - 1, 5), np.linspace(0, height - 1, 5)
    edge = np.array([(x, y) for x in across for y in down if x in (0, width - 1) or y in (0, height - 1)])
    here = np.concatenate([landmarks, edge]).astype(np.float32)
    frames = []
    for points in targets.landmarks:
        moved, covered = bend(frame, here, np.concatenate([points, edge]).astype(np.float32))
        frames.append(np.where(covered[..., None] > 0, moved, frame))
    return Edited(np.stack(frames), targets, None)
