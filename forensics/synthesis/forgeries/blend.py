"""Blend whole clips with themselves after Shiohara & Yamasaki (CVPR 2022): a face over a changed copy of itself.

One random draw applies to a whole clip, so that the clip flickers no more than its footage. Training crops are blended
by `detectors.self_blend`, with a new draw for each frame.
"""

from __future__ import annotations

import cv2
import numpy as np

from .footage import Edited, Footage, Frames
from .shapes import BROWS, EYES, JAW, LIPS, NOSE, VISIBLE, face_length, feather, hull, lay_over

_REGIONS = (
    (*JAW, *BROWS, *NOSE, *EYES, *LIPS),
    (*JAW, *LIPS, *NOSE),
    (*BROWS, *EYES, *NOSE),
    (*range(2, 15), *NOSE, *EYES, *LIPS),
)
_RATIOS = (0.5, 0.75, 1.0, 1.0, 1.0)


def blend_with_itself(footage: Footage, rng: np.random.Generator) -> Edited:
    """Blend a changed copy of each frame over it, inside a soft hull of landmarks.

    Args:
        footage: Genuine footage.
        rng: Random generator of colour, sharpness, place, hull and softness.
    """
    region = list(_REGIONS[int(rng.integers(len(_REGIONS)))])
    gains = rng.uniform(0.9, 1.1, 3)
    offset = rng.uniform(-12, 12, 3)
    shrink = float(rng.choice((1.0, 2.0, 3.0)))
    shift = rng.uniform((-0.03, -0.015), (0.03, 0.015))
    scale = float(rng.uniform(0.95, 1 / 0.95))
    softness = float(rng.uniform(0.012, 0.05))
    ratio = float(rng.choice(_RATIOS))
    frames, masks = [], []
    for index, (frame, points) in enumerate(zip(footage.frames, footage.faces.landmarks, strict=True)):
        height, width = frame.shape[:2]
        length = face_length(points)
        centre = points.mean(0)
        move = np.array([[scale, 0, 0], [0, scale, 0]], dtype=np.float32)
        move[:, 2] = centre + shift * length - scale * centre
        copy = np.asarray(
            cv2.warpAffine(_change(frame, shrink), move, (width, height), borderMode=cv2.BORDER_REPLICATE)
        )
        weight = feather(hull(points[region], height, width), softness * length) * np.float32(ratio)
        weight *= footage.uncovered(index)
        frames.append(lay_over(frame, copy * gains + offset, weight))
        masks.append(weight > VISIBLE)
    return Edited(np.stack(frames), footage.faces, np.stack(masks))


def _change(frame: Frames, shrink: float) -> Frames:
    """Remove detail by resizing down and up, or return the frame unchanged."""
    if shrink == 1:
        return frame
    height, width = frame.shape[:2]
    small = cv2.resize(frame, (round(width / shrink), round(height / shrink)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
