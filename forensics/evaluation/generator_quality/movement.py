"""Measure how steady a clip is: warping error under the exact flow, and flicker where nothing moves."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from generator import FaceParams
from generator.face import project, surface
from generator.puppets import PuppetFrame

from .face_net import Floats, Pictures

_SKIN = 1
_TOLERANCE = 1.5
"""Largest distance in pixels between a followed place and the place with its face coordinates."""

_SAMPLED = 0.25
"""Offset in pixels at which the renderer reads a pixel's face coordinates.

The offset points right and down from the pixel's centre, to one corner of the four samples that make its colour.
"""

_SAME_SIDE = 0.5
"""Angle in radians around the head beyond which two places are not neighbours, however near in the picture."""


@dataclass(frozen=True, slots=True)
class Flow:
    """The places of the pixels of one frame in the frame before it.

    Attributes:
        places: (H, W, 2) x and y in pixels of the previous frame; pixel centres are integers.
        seen: (H, W) whether the place is known and was visible in both frames.
    """

    places: Floats
    seen: NDArray[np.bool_]


def exact_flow(before: PuppetFrame, now: PuppetFrame, params: FaceParams) -> Flow:
    """Return the flow from one true frame to the previous one, from the renderer's own face coordinates.

    Eyes and mouth are left out, because their content moves on the surface and not with it. Hair, clothes and
    background are left out too, because the renderer has no coordinates for them.

    Args:
        before: The earlier true frame.
        now: The later true frame.
        params: The earlier moment, with the puppet's own shape.
    """
    size = len(now.image)
    known = (now.labels == _SKIN) & np.isfinite(now.coordinates).all(-1)
    u, t = now.coordinates[known].T
    points = surface(u, t, params.shape, params.expression)
    followed = project(points, params.pose, params.camera) * size - 0.5 - _SAMPLED
    places = np.zeros((size, size, 2), np.float32)
    places[known] = followed
    column, row = np.clip(followed.round().astype(np.intp), 0, size - 1).T
    inside = ((followed >= 0) & (followed <= size - 1)).all(1)
    there = before.coordinates[row, column]
    same = np.isfinite(there).all(1) & (before.labels[row, column] == _SKIN)
    u_there, t_there = np.nan_to_num(there).T
    points = surface(u_there, t_there, params.shape, params.expression)
    back = project(points, params.pose, params.camera) * size - 0.5 - _SAMPLED
    near = np.linalg.norm(back - followed, axis=1) < _TOLERANCE
    seen = np.zeros((size, size), bool)
    seen[known] = inside & same & near & (np.abs(u_there - u) < _SAME_SIDE)
    return Flow(places, seen)


def warping_error(before: Pictures, now: Pictures, flow: Flow) -> float:
    """Return the mean absolute difference, in levels of 255, between a frame and the frame before it moved by the flow.

    This is equation 11 of Lai et al. 2018 (Learning Blind Video Temporal Consistency), in L1 and with exact flow and
    occlusion.

    Args:
        before: (H, W, 3) uint8.
        now: (H, W, 3) uint8.
        flow: Flow between the true frames, with at least one visible pixel.
    """
    moved = cv2.remap(before.astype(np.float32), flow.places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return float(np.abs(moved[flow.seen] - now[flow.seen]).mean())


def flicker(frames: Pictures) -> float:
    """Return the mean absolute difference of neighbouring frames (T, H, W, 3), in levels of 255, for a still drive.

    Args:
        frames: At least two frames.
    """
    return float(np.abs(np.diff(frames.astype(np.float32), axis=0)).mean())
