"""Measure how steady a clip is: warping error under the exact flow, and flicker where nothing moves."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.avatars import MATERIALS, FrameTruth, flow

from .reading import Floats, Pictures

_SKIN = MATERIALS.index("skin")


@dataclass(frozen=True, slots=True)
class SkinFlow:
    """The places of the skin's pixels of one frame in the frame before it.

    Attributes:
        places: (H, W, 2) x and y in pixels of the previous frame; pixel centres are integers.
        seen: (H, W) whether the place is known and was visible in both frames.
    """

    places: Floats
    seen: NDArray[np.bool_]


def exact_flow(before: FrameTruth, now: FrameTruth) -> SkinFlow:
    """Return the flow from one true frame to the previous one, for skin that both show.

    Eyes and mouth are left out, because their content moves on the surface and not with it. Hair, clothes and
    background are left out too.

    Args:
        before: The earlier true frame.
        now: The later true frame of the same avatar.
    """
    found = flow(now, before)
    x, y = np.meshgrid(np.arange(now.size), np.arange(now.size), indexing="xy")
    places = np.stack([x, y], -1) + found.offset
    column, row = np.clip(places.round().astype(np.intp), 0, now.size - 1).transpose(2, 0, 1)
    same = (now.labels == _SKIN) & (before.labels[row, column] == _SKIN)
    return SkinFlow(places.astype(np.float32), found.visible & same)


def warping_error(before: Pictures, now: Pictures, moved: SkinFlow) -> float:
    """Return the mean absolute difference, in levels of 255, between a frame and the frame before it moved by the flow.

    This is equation 11 of Lai et al. 2018 (Learning Blind Video Temporal Consistency), in L1 and with exact flow and
    occlusion.

    Args:
        before: (H, W, 3) uint8.
        now: (H, W, 3) uint8.
        moved: Flow between the true frames, with at least one visible pixel.
    """
    there = cv2.remap(before.astype(np.float32), moved.places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return float(np.abs(there[moved.seen] - now[moved.seen]).mean())


def flicker(frames: Pictures) -> float:
    """Return the mean absolute difference of neighbouring frames (T, H, W, 3), in levels of 255, for a still drive.

    Args:
        frames: At least two frames.
    """
    return float(np.abs(np.diff(frames.astype(np.float32), axis=0)).mean())
