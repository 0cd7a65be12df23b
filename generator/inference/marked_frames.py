"""The one place where unmarked frames exist: they are drawn and marked, a few at a time, and only marked ones leave."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np

from watermark import ClipMarker, Deployment

from .clip_work import ClipWork
from .denoising import ClipDrawing
from .framing import Picture

Progress = Callable[[int, int], None]
"""Is told (frames done, frames in all)."""

_LOOKED_AT = 4
"""Frames, spread over the clip, that the mark is fitted to."""


def marked_frames(
    work: ClipWork,
    drawing: ClipDrawing,
    deployment: Deployment,
    progress: Progress | None,
    seconds: dict[str, float],
) -> Iterator[Picture]:
    """Yield the marked frames (N, H, W, 3) of a clip in order.

    Args:
        work: The clip.
        drawing: What draws it.
        deployment: Whose mark the frames get.
        progress: Is told how far the drawing is; what an earlier run did does not count.
        seconds: Takes the wall time of "denoise" and "mark"; what the caller does between frames is in neither.
    """
    clock, pace = _Clock(seconds), _Pace(drawing, work.shape[0], progress)
    count, together = work.shape[0], drawing.together

    def in_place(squares: Picture) -> Picture:
        return squares if work.paste is None else work.paste(squares)

    drawing.denoise(pace)
    looked_at = sorted({index * (count - 1) // (_LOOKED_AT - 1) for index in range(_LOOKED_AT)})
    groups = {index: index // together * together for index in looked_at}
    at_hand = {start: drawing.pictures(start, pace) for start in dict.fromkeys(groups.values())}
    sample = np.concatenate([in_place(at_hand[groups[i]][i - groups[i], None]) for i in looked_at])
    clock.lap("denoise")
    marker = ClipMarker.prepare(sample, work.claim.payload, deployment.mark_key)
    del sample
    clock.lap("mark")
    for start in range(0, count, together):
        unmarked = in_place(at_hand.pop(start) if start in at_hand else drawing.pictures(start, pace))
        clock.lap("denoise")
        marked = marker.mark(unmarked)
        clock.lap("mark")
        yield marked
        clock.start()


class _Clock:
    """Adds wall time to named sums."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self._seconds = seconds
        self.start()

    def start(self) -> None:
        self._since = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self._seconds[name] = self._seconds.get(name, 0.0) + now - self._since
        self._since = now


class _Pace:
    """Turns frame-evaluations into frames for a progress bar."""

    def __init__(self, drawing: ClipDrawing, frames: int, progress: Progress | None) -> None:
        self._left, self._frames, self._progress, self._done = drawing.evaluations, frames, progress, 0

    def __call__(self, evaluations: int, found: bool) -> None:
        if found:
            self._left -= evaluations
            return
        self._done += evaluations
        if self._progress is not None:
            self._progress(self._done * self._frames // self._left, self._frames)
