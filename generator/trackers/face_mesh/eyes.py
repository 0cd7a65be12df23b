"""Measure lids and gaze as ratios, which do not depend on the size of the eye."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from generator.avatars import GAZE_RADIANS
from generator.trackers.ibug import CORNERS, LOWER_LIDS, UPPER_LIDS
from generator.trackers.regions import Points
from generator.trackers.smoothing import fill_gaps

_OPEN = 0.92  # share of the resting aperture below which the lid counts as closing
_SHUT = 0.38  # share at which the network's lids stop on a closed eye: 0.22 to 0.5 were measured
_SHUT_AT_MOST = 0.55
_BLINKING = 0.65  # share below which no squint, smile or downward gaze was seen in filmed clips, only blinks
_WINK = (0.30, 0.60)  # difference between the eyes that counts as noise, and as a wink
_EYEBALL = 12 / 15  # radius of an eyeball in half eye widths: 12 mm in an eye of 30 mm
_GAZE_REACH, _GAZE_RISE = (_EYEBALL * np.sin(GAZE_RADIANS)).tolist()  # iris travel of a full gaze, across and up
_GAZE_LEVEL = 0.10  # height of an iris with level gaze, in half eye widths above the corners
_UNSEEN = 0.6  # closure above which the iris cannot be seen
_TURNED = 0.35  # radians of yaw from which only the eye nearer to the camera is used


def apertures(points: Points) -> Points:
    """Measure how far the eyes are open.

    Args:
        points: ``(T, 68, 3)``.

    Returns:
        ``(T, 2)`` distance of the lids divided by the distance of the eye's corners.
    """
    return np.stack([_aperture(points, eye) for eye in (0, 1)], -1)


def resting_aperture(aperture: Points) -> Points:
    """Estimate the aperture of the open, calm eye from a clip, ``(T, 2)`` to ``(2,)``.

    Blinks and downward gazes are the lower part of the values and are ignored.
    """
    return np.percentile(aperture, 70, axis=0)


def closure(aperture: Points, resting: Points, yaw: Points) -> Points:
    """Convert apertures to eye closure.

    A clip's deepest blinks are taken as fully closed, even where the network's lids stop half way. Both eyes blink
    together unless they differ by more than noise; from the side, the nearer eye determines both.

    Args:
        aperture: ``(T, 2)``.
        resting: ``(2,)`` apertures of the open eyes.
        yaw: ``(T,)`` in radians, positive to the picture's right.

    Returns:
        ``(T, 2)`` in [0, 1].
    """
    ratio = aperture / np.maximum(resting, 1e-6)
    shut = np.clip(ratio.min(0), _SHUT, _SHUT_AT_MOST)
    return _joined(np.clip((_OPEN - ratio) / (_OPEN - shut), 0, 1), yaw)


def blinks(aperture: Points, resting: Points, yaw: Points) -> Points:
    """Convert apertures to the part of the closure that only blinks have; arguments and result are those of `closure`.

    Squints, smiles and downward gazes narrow the eye too; they are 0 here. The network's lids do not meet on a closed
    eye, so that a head fitted to them stays half open.
    """
    ratio = aperture / np.maximum(resting, 1e-6)
    return _joined(np.clip((_BLINKING - ratio) / (_BLINKING - _SHUT), 0, 1), yaw)


def _joined(closed: Points, yaw: Points) -> Points:
    """Return the closure of both eyes together, unless they differ by more than noise."""
    left = nearness(yaw)
    both = left * closed[:, 0] + (1 - left) * closed[:, 1]
    apart = np.clip((np.abs(closed[:, 0] - closed[:, 1]) - _WINK[0]) / (_WINK[1] - _WINK[0]), 0, 1)
    apart = (apart * (1 - np.abs(2 * left - 1)))[:, None]
    lids: Points = apart * closed + (1 - apart) * both[:, None]
    return lids


def nearness(yaw: Points) -> Points:
    """Return the weight of the eye on the picture's left by yaw in radians: 0.5 frontal, 1 where only it is visible.

    A head that turns to the picture's right shows the eye on the picture's left.
    """
    return np.clip(0.5 + 0.5 * yaw / _TURNED, 0, 1)


def gaze(points: Points, irises: Points, pitch: Points, yaw: Points) -> Points:
    """Measure the gaze from the irises, relative to the eye's corners.

    Args:
        points: ``(T, 68, 3)``, x to the right, y up.
        irises: ``(T, 2, 2)`` iris centres in the same space.
        pitch: ``(T,)`` pitch of the head in radians.
        yaw: ``(T,)`` yaw of the head in radians.

    Returns:
        ``(T, 2)`` to the picture's right and up, where 1 is a full gaze (`GAZE_RADIANS`); not clipped.
    """
    looks = []
    for eye, (outer, inner) in enumerate(CORNERS):
        left, right = (outer, inner) if eye == 0 else (inner, outer)
        start, end = points[:, left], points[:, right]
        axis = (end - start)[:, :2] / 2
        offset = irises[:, eye] - (start + end)[:, :2] / 2
        half = np.linalg.norm(end - start, axis=1) / 2
        across = (offset * axis).sum(1) / np.maximum((axis**2).sum(1), 1e-12)
        up = (axis[:, 0] * offset[:, 1] - axis[:, 1] * offset[:, 0]) / np.maximum(np.linalg.norm(axis, axis=1), 1e-6)
        up = up / np.maximum(half * np.cos(pitch), 1e-6)
        looks.append(np.stack([across / _GAZE_REACH, (up - _GAZE_LEVEL) / _GAZE_RISE], -1))
    weight = nearness(yaw)[:, None]
    look: Points = weight * looks[0] + (1 - weight) * looks[1]
    return look


def clip_gaze(points: Points, irises: Points, pose: Points, lids: Points) -> Points:
    """Measure the gaze of a clip; it is interpolated while the eyes are closed.

    Args:
        points: ``(T, 68, 3)``, x to the right, y up.
        irises: ``(T, 2, 2)`` iris centres in the same space.
        pose: ``(T, 3)`` yaw, pitch, roll in radians.
        lids: ``(T, 2)`` closure in [0, 1].

    Returns:
        ``(T, 2)`` in [-1, 1].
    """
    look = gaze(points, irises, pose[:, 1], pose[:, 0])
    seen = lids.max(1) < _UNSEEN
    if seen.any():
        look = fill_gaps(look, seen)
    return np.clip(look, -1, 1)


def _aperture(points: Points, eye: int) -> NDArray[np.float64]:
    outer, inner = CORNERS[eye]
    upper = points[:, list(UPPER_LIDS[eye])].mean(1)
    lower = points[:, list(LOWER_LIDS[eye])].mean(1)
    width = np.linalg.norm(points[:, outer] - points[:, inner], axis=1)
    height = np.linalg.norm((upper - lower)[:, :2], axis=1)
    return np.asarray(height / np.maximum(width, 1e-6), np.float64)
