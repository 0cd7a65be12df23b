"""Reenact by mesh: move one frame with the head's mesh, and fill hidden pixels from their surroundings."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from forensics.faces import Faces
from generator import DriveSequence, FaceParams
from generator.face import SourceWarp

from .footage import Edited, Frames

_MARGIN = 4
"""Pixels beside a hidden one that are not used either, because they show the outline of the head."""


def warp_by_mesh(frame: Frames, params: FaceParams, played: DriveSequence, faces: Faces) -> Edited:
    """Move one frame to every moment of a motion.

    Args:
        frame: (S, S, 3) uint8 RGB.
        params: The face in it.
        played: The motion, aligned to that face's shape.
        faces: Box and landmarks of the face at each moment.
    """
    warp = SourceWarp(frame, params)
    frames = []
    for index in range(len(played)):
        scene = warp(played[index])
        head, hidden = scene.guides[..., 0] > 0, scene.guides[..., 1] == 0
        frames.append(_fill(_fill(scene.moved, hidden & head, head), hidden & ~head, ~head))
    return Edited(np.stack(frames), faces, None)


def _fill(image: Frames, hidden: NDArray[np.bool_], region: NDArray[np.bool_]) -> Frames:
    """Fill hidden pixels of a region with the colour of the nearest visible one of that region, softened."""
    side = 2 * _MARGIN + 1
    doubtful = cv2.dilate(hidden.astype(np.uint8), np.ones((side, side), np.uint8)) > 0
    seen = region & ~doubtful
    if not hidden.any() or not seen.any():
        return image
    nearest = distance_transform_edt(~seen, return_distances=False, return_indices=True)
    filled = image[nearest[0], nearest[1]]
    soft = np.asarray(cv2.GaussianBlur(filled, (0, 0), 1.5), dtype=np.uint8)
    return np.where((doubtful & region)[..., None], soft, image)
