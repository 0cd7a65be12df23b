"""Scan a clip in constant memory: faces of chosen frames, and the mark in each part of the clip."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from forensics.execution.progress import Report, silent, subrange
from watermark import ClipReader, read_mark

from .evidence import Thresholds
from .face_scores import FaceLog, SeenFace
from .frame_sampling import first_look, second_look
from .timeline import MarkStretch, Moment, Timeline

if TYPE_CHECKING:
    from detectors import FoundSegment

FRAMES_OF_A_STRETCH = 4
"""Number of scanned frames that are read together for a mark; the first is also searched for small faces."""

FEWEST_HIGH = 2
"""Number of neighbouring high frames that make a segment; a single one is high too often by chance."""

MARK_RATE = 1e-6
"""False positive rate of marks per clip, shared by its parts."""


def look_through(
    clip: ClipReader,
    log: FaceLog | None,
    keys: bytes | Sequence[bytes],
    thresholds: Thresholds,
    report: Report = silent,
) -> tuple[tuple[SeenFace, ...], Timeline]:
    """Scan the frames that `frame_sampling` chooses.

    Args:
        clip: The clip.
        log: Log that finds and scores the faces; None reads marks only.
        keys: The mark key, or several.
        thresholds: Thresholds of the scores; above `quiet`, a place is scanned again.
        report: Progress callback.

    Returns:
        The faces with their scores, and the timeline.

    Raises:
        MediaError: The clip is damaged.
    """
    fps, count = float(clip.fps), clip.frame_count
    looked = first_look(count, fps)
    groups = [looked[start : start + FRAMES_OF_A_STRETCH] for start in range(0, len(looked), FRAMES_OF_A_STRETCH)]
    borders = [*(group[0] / fps for group in groups), count / fps]
    first_report = subrange(report, 0.0, 0.8)
    marks = []
    for number, (group, (start, end)) in enumerate(zip(groups, pairwise(borders), strict=True)):
        first_report(number / len(groups), "looking through the clip")
        frames = clip.take(group)
        reading = read_mark(frames, keys, search=0)
        present = reading.p_value * len(groups) <= MARK_RATE
        marks.append(MarkStretch(start, end, present, reading))
        if log is not None:
            for index, frame in zip(group, frames, strict=True):
                log.look(index, frame, thorough=index == group[0])
    faces = () if log is None else log.faces(thresholds)
    again: list[list[int]] = []
    if log is not None:
        # Where a score decides nothing, because the face is out of scope, a second scan would not help.
        scores = highest_scores(
            [face for face in faces if face.score and face.score.in_scope and face.score.calibrated]
        )
        again = second_look(looked, [scores.get(index) for index in looked], thresholds.quiet, count, fps)
        for place, indices in enumerate(again, 1):
            report(0.8 + 0.2 * (place - 1) / len(again), "looking again at suspicious places")
            for index, frame in zip(indices, clip.take(indices), strict=True):
                log.look(index, frame, place)
        if again:
            faces = log.faces(thresholds)
    moments = _moments(looked, [index for indices in again for index in indices], faces, fps)
    spacing = (looked[-1] - looked[0]) / fps / max(len(looked) - 1, 1)
    segments = () if log is None else high_segments(moments, faces, thresholds.suspect, fps, count)
    return faces, Timeline(count / fps, fps, count, spacing, moments, tuple(marks), segments)


def high_segments(
    moments: Sequence[Moment], faces: Sequence[SeenFace], limit: float, fps: float, count: int
) -> tuple[FoundSegment, ...]:
    """Return the parts of a clip in which neighbouring scanned frames are scored above a limit.

    Faces whose score decides nothing, because it is uncalibrated or out of scope, do not count.

    Args:
        moments: The scanned frames.
        faces: The faces with their scores.
        limit: The limit, which was frozen on the detector's validation data.
        fps: Frames per second.
        count: Number of frames of the clip.
    """
    from detectors import FrameScores, SegmentRule, find_segments

    scores = highest_scores([face for face in faces if face.score and face.score.in_scope and face.score.calibrated])
    frames = np.array([moment.frame for moment in moments], dtype=np.int64)
    if not len(frames):
        return ()
    clip = FrameScores(frames, np.array([scores.get(moment.frame, np.nan) for moment in moments]), fps, count)
    middles = (frames + 0.5) / fps
    found = find_segments(clip, SegmentRule(limit))
    return tuple(one for one in found if ((middles > one.start) & (middles < one.end)).sum() >= FEWEST_HIGH)


def highest_scores(faces: Sequence[SeenFace]) -> dict[int, float]:
    """Return the highest probability of each frame's faces by the frame's number."""
    highest: dict[int, float] = {}
    for sighting in (sighting for face in faces for sighting in face.sightings):
        if sighting.probability is not None:
            highest[sighting.frame] = max(sighting.probability, highest.get(sighting.frame, 0.0))
    return highest


def _moments(first: Sequence[int], second: Sequence[int], faces: Sequence[SeenFace], fps: float) -> tuple[Moment, ...]:
    scores, again = highest_scores(faces), set(second)
    return tuple(Moment(frame, frame / fps, scores.get(frame), frame in again) for frame in sorted({*first, *again}))
