"""Declare distortions: pure functions on frames or on face boxes, with a list of severity levels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forensics.errors import InputError

Frames = NDArray[np.uint8]
Floats = NDArray[np.float32]
Rng = np.random.Generator

Change = Callable[[Frames, float, Rng], Frames]
Move = Callable[[Floats, Floats, float, Rng], tuple[Floats, Floats]]


def leave(frames: Frames, level: float, rng: Rng) -> Frames:
    """Return the frames unchanged, for a distortion that only moves boxes."""
    return frames


def stay(boxes: Floats, landmarks: Floats, level: float, rng: Rng) -> tuple[Floats, Floats]:
    """Return boxes and landmarks unchanged, for a distortion that only changes frames."""
    return boxes, landmarks


@dataclass(frozen=True, slots=True)
class Distortion:
    """A distortion of frames or of face boxes, with its levels.

    Attributes:
        name: Name in reports.
        wording: The level in words, a format such as `quality {:g}`.
        levels: The parameter at severity 1, 2 and so on, from mild to hard.
        change: Distorts frames (T, H, W, 3) by a level; frames may be returned in another size.
        move: Moves face boxes (N, 4) and landmarks (N, 68, 2), in pixels of the undistorted frames, by a level.
        temporal: Whether it works across frames, so that it needs the neighbours of the scored frames.
        encoder: The video encoder it needs, empty without one.
        aliases: Other names that find it.
        note: A note for readers of its results.
        recipe: Function that returns in words what a generator in this state would draw, for distortions that draw
            their changes.
    """

    name: str
    wording: str
    levels: tuple[float, ...]
    change: Change = leave
    move: Move = stay
    temporal: bool = False
    encoder: str = ""
    aliases: tuple[str, ...] = ()
    note: str = ""
    recipe: Callable[[float, Rng], str] | None = None

    @property
    def changes_pixels(self) -> bool:
        """Return whether it changes frames, and not only face boxes."""
        return self.change is not leave

    def parameter(self, severity: int) -> str:
        """Return the level of a severity in words.

        Raises:
            InputError: There is no such severity.
        """
        return self.wording.format(self.level(severity))

    def level(self, severity: int) -> float:
        """Return the level of a severity.

        Raises:
            InputError: There is no such severity.
        """
        if severity not in range(1, len(self.levels) + 1):
            raise InputError(f"distortion {self.name!r} has the severities 1 to {len(self.levels)}, got {severity!r}")
        return self.levels[severity - 1]


def each(frames: Frames, change: Callable[[Frames], Frames]) -> Frames:
    """Apply a change to every frame separately.

    Args:
        frames: (T, H, W, 3).
        change: Function from one frame (H, W, 3) to one frame; all results have one size.
    """
    return np.stack([np.asarray(change(frame), dtype=np.uint8) for frame in frames])


def check_frames(frames: Frames) -> None:
    """Check that the frames are a clip.

    Raises:
        InputError: The frames are not (T, H, W, 3) uint8 with T ≥ 1.
    """
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3 or 0 in frames.shape:
        raise InputError(f"distortions want uint8 frames (T, H, W, 3) with T ≥ 1, got {frames.dtype} {frames.shape}")
