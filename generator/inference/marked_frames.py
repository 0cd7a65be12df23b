"""Generate and mark frames, a few at a time; in what `Animator` does, unmarked frames exist only in this module."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Literal

import numpy as np

from watermark import ClipMarker, Deployment, mark, read_mark

from .denoising import ClipDrawing
from .framing import Picture
from .planned_clip import PlannedClip

Progress = Callable[[int, int], None]
"""Progress callback; receives (finished frames, all frames)."""

Fit = Literal["clip", "frame", "either"]
"""Frames that the mark is fitted to: the clip, every frame, or the clip and those frames that need their own fit."""

_LOOKED_AT = 4


def looked_at(frames: int) -> Sequence[int]:
    """Return the frames, spread over a clip, that the mark is fitted to; they are generated before the others."""
    return sorted({index * (frames - 1) // (_LOOKED_AT - 1) for index in range(_LOOKED_AT)})


def marked_frames(
    work: PlannedClip,
    drawing: ClipDrawing,
    deployment: Deployment,
    progress: Progress | None,
    seconds: dict[str, float],
    fit: Fit,
) -> Iterator[Picture]:
    """Yield the marked frames (N, H, W, 3) of a clip in order, (N, H, W, 4) with alpha where the source is transparent.

    Args:
        work: The planned clip.
        drawing: Generator of the clip.
        deployment: Deployment whose mark is embedded.
        progress: Progress callback of the generation; the work of an earlier run is not counted.
        seconds: Dictionary that receives the wall time of "denoise" and "mark"; the caller's time between frames is not
            included.
        fit: Frames that the mark is fitted to. The mark of a single picture must be readable alone; where frames may
            become a clip or pictures, "either" ensures both.
    """
    clock, pace = _Clock(seconds), _Pace(drawing, work.shape[0], progress)

    def in_place(squares: Picture) -> Picture:
        return squares if work.paste is None else work.paste(squares)

    def marked_colours(pictures: Picture) -> Picture:
        # The mark is in what stands over white, and alpha is carried past it.
        colours = fitted(np.ascontiguousarray(pictures[..., :3]))
        return colours if pictures.shape[-1] == 3 else np.concatenate([colours, pictures[..., 3:]], -1)

    drawing.denoise(pace)
    at_hand: dict[int, Picture] = {}
    if fit == "frame":
        fitted: Callable[[Picture], Picture] = partial(_marked_singly, work, deployment)
    else:
        first = set(looked_at(work.shape[0]))
        groups = [group for group, (start, _) in enumerate(drawing.groups) if start in first]
        at_hand = {group: drawing.pictures(group, pace) for group in groups}
        sample = np.concatenate([in_place(pictures)[..., :3] for pictures in at_hand.values()])
        clock.lap("denoise")
        marker = ClipMarker.prepare(sample, work.claim.payload, deployment.mark_key)
        fitted = marker.mark if fit == "clip" else partial(_marked_legibly, marker, work, deployment)
        del sample
        clock.lap("mark")
    for group in range(len(drawing.groups)):
        unmarked = in_place(at_hand.pop(group) if group in at_hand else drawing.pictures(group, pace))
        clock.lap("denoise")
        marked = marked_colours(unmarked)
        clock.lap("mark")
        yield marked
        clock.start()


def _marked_singly(work: PlannedClip, deployment: Deployment, frames: Picture) -> Picture:
    return np.stack([mark(frame, work.claim.payload, deployment.mark_key) for frame in frames])


def _marked_legibly(marker: ClipMarker, work: PlannedClip, deployment: Deployment, frames: Picture) -> Picture:
    marked = marker.mark(frames)
    for index, frame in enumerate(frames):
        if not _shows(marked[index], work, deployment):
            marked[index] = mark(frame, work.claim.payload, deployment.mark_key)
    return marked


def _shows(frame: Picture, work: PlannedClip, deployment: Deployment) -> bool:
    return read_mark(frame, deployment.mark_key, search=0).id == work.claim.payload.hex


class _Clock:
    """Add wall time to named sums."""

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
    """Convert frame-evaluations to frames for a progress bar."""

    def __init__(self, drawing: ClipDrawing, frames: int, progress: Progress | None) -> None:
        self._left, self._frames, self._progress, self._done = drawing.evaluations, frames, progress, 0

    def __call__(self, evaluations: int, found: bool) -> None:
        if found:
            self._left -= evaluations
            return
        self._done += evaluations
        if self._progress is not None:
            self._progress(self._done * self._frames // self._left, self._frames)
