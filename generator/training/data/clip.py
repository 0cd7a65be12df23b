"""Define clips of one moving face from any data source, and choose frames from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from generator.face.face_params import DriveSequence

from .batch import Picture

EYE_LABEL, MOUTH_LABEL = 2, 3
"""Labels of the pixels on an eye and on the mouth."""


class Moment(NamedTuple):
    """A picture (S, S, 3) uint8 and its labels (S, S): 2 on an eye, 3 on the mouth."""

    picture: Picture
    labels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Clip:
    """One face over T frames, all of them cropped alike.

    Attributes:
        identity: Identity of the face.
        motion: Parameters of the face within the crop.
        draw: Function that returns the frames with given numbers.
    """

    identity: str
    motion: DriveSequence
    draw: Callable[[Sequence[int]], list[Moment]]


class Clips(Protocol):
    """A supply of clips: the clip `at(number)` of an example is determined by its number alone."""

    def at(self, number: int) -> Clip:
        """Return the clip of an example."""


class Choice(NamedTuple):
    """Numbers of the frames of an example."""

    source: int
    targets: list[int]


def choose_stills(length: int, count: int, apart: int, within: int, rng: np.random.Generator) -> Choice:
    """Choose a source and targets at a distance from it; a target is never the source.

    Args:
        length: Frames of the clip, at least 2.
        count: Number of targets; none is repeated as long as there are enough frames.
        apart: Minimum distance in frames between source and target. Where a clip has too few frames at that distance
            from the source, the farthest frames are used.
        within: Maximum distance, at least 1.
        rng: Random generator of the choice.
    """
    source = int(rng.integers(length))
    distance = np.abs(np.arange(length) - source)
    near = np.flatnonzero((distance > 0) & (distance <= within))
    pool = near[distance[near] >= apart]
    if len(pool) < count:
        pool = near[np.argsort(-distance[near], kind="stable")[:count]]
    return Choice(source, [int(i) for i in rng.choice(pool, count, replace=len(pool) < count)])


def choose_window(length: int, count: int, strides: Sequence[int], rng: np.random.Generator) -> Choice:
    """Choose a window of evenly spaced frames, and a source outside of it where the clip has one.

    Args:
        length: Frames of the clip, at least `count`.
        count: Number of frames of the window.
        strides: Frame spacings to choose from; those too wide for the clip are left out.
        rng: Random generator of the choice.
    """
    fitting = [stride for stride in strides if (count - 1) * stride < length] or [1]
    stride = int(rng.choice(fitting))
    start = int(rng.integers(length - (count - 1) * stride))
    targets = [start + index * stride for index in range(count)]
    outside = [i for i in range(length) if i < targets[0] or i > targets[-1]]
    beside = outside or sorted(set(range(length)) - set(targets)) or list(range(length))
    return Choice(int(rng.choice(beside)), targets)
