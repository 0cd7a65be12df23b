"""Scan a clip in constant memory: faces of chosen frames, and the mark in each part of the clip."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from forensics.execution.progress import Report, silent, subrange
from watermark import ClipReader, read_mark

from .evidence import Thresholds
from .face_scores import FaceLog, SeenFace
from .frame_sampling import first_look, second_look
from .timeline import MarkStretch, Moment, Timeline

FRAMES_OF_A_STRETCH = 4
"""Number of scanned frames that are read together for a mark; the first is also searched for small faces."""

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
    return faces, Timeline(count / fps, fps, count, spacing, moments, tuple(marks))


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
