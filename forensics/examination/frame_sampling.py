"""Choose the frames of a clip to scan, so that a short manipulation in a long clip is not missed.

The first look is uniform: one frame per second, at least 16 and at most 120; beyond two hours it is one frame per
minute, at most 240. In a clip of up to four hours, a manipulated minute therefore contains at least one of them. Where
a face of the first look is suspicious, a second look follows: 12 more frames from the second before to the second after
it, at no more than three places. Only the second look's frames decide about their place: the suspicious frame was
chosen for its score, so it would count against the clip twice.

Work and memory are bounded: at most 276 frames are scanned, whatever the clip's length.
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
"""Number of seconds that a second look extends to either side."""

_FEWEST_NEW = 4
_MINUTE = 60.0


def first_look(frame_count: int, fps: float) -> list[int]:
    """Return the frames of the first look, evenly spread from the first to the last.

    Args:
        frame_count: Frames of the clip, at least 1.
        fps: Frames per second.
    """
    seconds = frame_count / fps
    wanted = min(max(FEWEST_LOOKS, math.ceil(seconds)), MANY_LOOKS)
    wanted = min(max(wanted, math.ceil(seconds / _MINUTE) + 1), MOST_LOOKS)
    count = min(wanted, frame_count)
    return [int(number) for number in np.linspace(0, frame_count - 1, count).round()]


def second_look(
    looked: Sequence[int], scores: Sequence[float | None], suspicious: float, frame_count: int, fps: float
) -> list[list[int]]:
    """Return the frames of the second look around the most suspicious frames of the first.

    A clip of up to four seconds gets no second look, because the first look is dense enough.

    Args:
        looked: Frames of the first look, ascending.
        scores: The highest score of each, None without a face.
        suspicious: Limit above which the surroundings of a frame are scanned again.
        frame_count: Frames of the clip.
        fps: Frames per second.

    Returns:
        The frames of each place, ascending, none of which was scanned before; the most suspicious place comes first.
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
