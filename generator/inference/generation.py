"""Turn a planned clip and what draws it into marked frames, or into a sealed file."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from watermark import Deployment

from .clip import GeneratedClip, GeneratedFile
from .delivery import Delivery, is_clip
from .denoising import ClipDrawing
from .marked_frames import Fit, Progress, marked_frames
from .planned_clip import PlannedClip


def generate(
    work: PlannedClip, drawing: ClipDrawing, deployment: Deployment, progress: Progress | None
) -> GeneratedClip:
    """Return the marked frames of a clip, in memory."""
    frames = np.empty((*work.shape, work.channels), np.uint8)
    seconds: dict[str, float] = {}
    place = 0
    for marked in marked_frames(work, drawing, deployment, progress, seconds, "either"):
        frames[place : place + len(marked)] = marked
        place += len(marked)
    per_frame = drawing.evaluations / len(frames)
    return GeneratedClip(frames, work.aligned.fps, work.claim, work.aligned, work.source, seconds, per_frame)


def generate_to(
    path: Path,
    work: PlannedClip,
    drawing: ClipDrawing,
    deployment: Deployment,
    delivery: Delivery,
    progress: Progress | None,
    *,
    continued: bool = False,
) -> GeneratedFile:
    """Write the marked frames of a clip to a sealed file, a few at a time.

    Args:
        path: The file or folder.
        work: The planned clip.
        drawing: What draws it.
        deployment: Deployment that marks and signs.
        delivery: What writes it.
        progress: Progress callback.
        continued: Whether an interrupted run had finished a part of the work.
    """
    seconds: dict[str, float] = {}
    fit: Fit = "clip" if is_clip(path, work.shape[0]) else "frame"
    chunks = marked_frames(work, drawing, deployment, progress, seconds, fit)
    marked = next(chunks)
    started, inside = time.perf_counter(), sum(seconds.values())
    with delivery:
        delivery.write(marked)
        for marked in chunks:
            delivery.write(marked)
    seconds["encode"] = time.perf_counter() - started - (sum(seconds.values()) - inside)
    frames = work.shape[0]
    return GeneratedFile(delivery.receipt, frames, work.claim, seconds, drawing.evaluations / frames, continued)
