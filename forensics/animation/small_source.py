"""Track the face of a small source picture, which trackers find better after it was enlarged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.errors import InputError

from .tracking import Box

if TYPE_CHECKING:
    from pathlib import Path

    from generator import FaceParams
    from generator.trackers import Tracker

LEAST_SOURCE = 32
"""Least shorter side of a source picture in pixels."""

_LARGE = 128
"""Shorter side from which a picture is tracked as it is."""

_TRACKABLE = 48
"""Shorter side from which trackers accept a picture."""

_ENLARGED = 256

Frames = NDArray[np.uint8]


def check_source(path: Path, still: Frames) -> None:
    """Check that a source has enough pixels to show a face.

    Raises:
        InputError: It is too small.
    """
    height, width = still.shape[:2]
    if min(height, width) < LEAST_SOURCE:
        raise InputError(
            f"{path}: a source of {width} × {height} pixels shows too little; at least {LEAST_SOURCE} a side "
            "are needed",
            path,
        )


def track_any_size(
    tracker: Tracker, still: Frames, box: Box | None, landmarks: NDArray[np.float64] | None
) -> FaceParams:
    """Track a face as it is, or where that finds none in a small picture, in enlarged versions of it.

    Face parameters are in sides of the picture, so those of an enlarged picture are those of the picture itself.

    Args:
        tracker: The tracker.
        still: (H, W, 3) uint8 RGB.
        box: Box of the face in pixels, None to detect it.
        landmarks: (68, 2) in pixels, None to find them.

    Raises:
        NoFaceError: No face was found in any version.
    """
    from generator.trackers import NoFaceError

    first: NoFaceError | None = None
    for picture, zoom in _versions(still):
        try:
            if zoom == 1:
                return tracker.track_still(picture, box=box, landmarks=landmarks)
            points = None if landmarks is None else (landmarks + 0.5) * zoom - 0.5
            return tracker.track_still(picture, box=None if box is None else _scaled(box, zoom), landmarks=points)
        except NoFaceError as error:
            first = first or error
    assert first is not None  # noqa: S101 - there is at least one version  # nosec B101
    raise first


def _versions(still: Frames) -> Iterator[tuple[Frames, float]]:
    """Yield a picture and, where it is small, enlarged ones with a sharp and with a soft filter; each with its zoom."""
    height, width = still.shape[:2]
    if min(height, width) >= _TRACKABLE:
        yield still, 1.0
    if min(height, width) < _LARGE:
        zoom = _ENLARGED / min(height, width)
        size = round(width * zoom), round(height * zoom)
        for interpolation in (cv2.INTER_LANCZOS4, cv2.INTER_LINEAR):
            yield np.asarray(cv2.resize(still, size, interpolation=interpolation), np.uint8), zoom


def _scaled(box: Box, zoom: float) -> Box:
    left, top, right, bottom = (side * zoom for side in box)
    return left, top, right, bottom
