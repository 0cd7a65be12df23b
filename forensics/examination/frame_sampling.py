"""Which frames of a clip to look at, so that a short manipulation in a long clip is not missed.

The first look is uniform: a frame a second, at least 16, at most 120, and beyond two hours one a minute, at most 240.
A manipulated minute thus holds at least one of them in a clip of up to four hours. Where a face of the first look is
suspicious, a second look follows: 12 more frames from the second before to the second after it, at no more than three
places. The second look's frames alone decide about their place: the frame that raised the suspicion was chosen for its
score, so it would speak against the clip twice.

Work and memory are bounded: at most 276 frames are looked at, whatever the clip's length.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

FEWEST_LOOKS = 16
MANY_LOOKS = 120
MOST_LOOKS = 240
SECOND_LOOKS = 12
SECOND_PLACES = 3
REACH = 1.0
"""Seconds that a second look reaches to either side."""

_FEWEST_NEW = 4
_MINUTE = 60.0


def first_look(frame_count: int, fps: float) -> list[int]:
    """Choose the frames of the first look, evenly from the first to the last.

    Args:
        frame_count: Frames of the clip, at least 1.
        fps: Frames a second.
    """
    seconds = frame_count / fps
    wanted = min(max(FEWEST_LOOKS, math.ceil(seconds)), MANY_LOOKS)
    wanted = min(max(wanted, math.ceil(seconds / _MINUTE) + 1), MOST_LOOKS)
    count = min(wanted, frame_count)
    return [int(number) for number in np.linspace(0, frame_count - 1, count).round()]


def second_look(
    looked: Sequence[int], scores: Sequence[float | None], suspicious: float, frame_count: int, fps: float
) -> list[list[int]]:
    """Choose the frames of the second look around the most suspicious frames of the first.

    A clip of up to four seconds gets none: the first look is dense enough there.

    Args:
        looked: Frames of the first look, ascending.
        scores: The highest score of each, None without a face.
        suspicious: Frames above this are looked at again.
        frame_count: Frames of the clip.
        fps: Frames a second.

    Returns:
        For each place its frames, ascending, none of which was looked at before; the most suspicious place first.
    """
    reach = round(REACH * fps)
    if frame_count <= 4 * reach or reach < 1:
        return []
    peaks = sorted(
        (-score, frame) for frame, score in zip(looked, scores, strict=True) if score is not None and score > suspicious
    )
    taken: set[int] = set(looked)
    centres: list[int] = []
    places: list[list[int]] = []
    for _, centre in peaks:
        if len(places) == SECOND_PLACES:
            break
        if any(abs(centre - other) <= 2 * reach for other in centres):
            continue
        around = [frame for frame in range(centre - reach, centre + reach + 1) if 0 <= frame < frame_count]
        fresh = [frame for frame in around if frame not in taken]
        if len(fresh) < _FEWEST_NEW:
            continue
        chosen = np.unique(np.linspace(0, len(fresh) - 1, SECOND_LOOKS).round().astype(int))
        places.append([fresh[index] for index in chosen])
        centres.append(centre)
        taken.update(places[-1])
    return places
