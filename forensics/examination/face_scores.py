"""Find, follow and score every face of a still or of the scanned frames of a clip."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from forensics.faces import SMALLEST_FACE, FaceFinder, Floats, Frames, cut_crops

from .evidence import Thresholds, height_of
from .face_tracks import FaceTrack, follow
from .timeline import clock

if TYPE_CHECKING:
    from detectors import Detector, Score

_LOG = logging.getLogger(__name__)

MOST_FACES = 8
"""Most faces of one frame that are scored, the largest first."""

FEWEST_SIGHTINGS = 3
"""Number of frames below which a face decides nothing, where another face is seen more often."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Sighting:
    """A face in one frame.

    Attributes:
        frame: Number of the frame, 0 for a still.
        time: Seconds from the clip's start, 0 for a still.
        box: Left, top, right, bottom in pixels.
        probability: Probability of manipulation from this frame, 0 to 1; None where the detector judges several frames
            together and too few show the face.
    """

    frame: int
    time: float
    box: Box
    probability: float | None


@dataclass(frozen=True, slots=True)
class SeenFace:
    """One face, followed through the scanned frames.

    Attributes:
        number: Number from 1; the face seen most often comes first, then the larger one.
        score: The detector's score; that of the most suspicious part where parts were scanned again. None where the
            detector judges several frames together and too few show the face.
        sightings: Its sightings, in order.
        stretch: First and last second of the part that the score is from; None for the whole clip.
    """

    number: int
    score: Score | None
    sightings: tuple[Sighting, ...]
    stretch: tuple[float, float] | None = None


@dataclass(slots=True)
class FaceLog:
    """A log that collects crops of all faces frame by frame, and scores them at the end.

    The frames themselves are not kept.

    Attributes:
        detector: The detector.
        finder: The face finder.
        fps: Frames per second; 1 for a still.
        tiny: Frames whose faces are all too small to score.
    """

    detector: Detector
    finder: FaceFinder
    fps: float = 1.0
    tiny: int = 0
    _frames: list[int] = field(default_factory=list)
    _places: list[int] = field(default_factory=list)
    _boxes: list[Floats] = field(default_factory=list)
    _crops: list[Frames] = field(default_factory=list)

    def look(self, number: int, frame: Frames, place: int = 0, *, thorough: bool = False) -> None:
        """Find faces in one frame and store their crops.

        Args:
            number: The frame's number.
            frame: (H, W, 3) uint8 RGB.
            place: 0 for the first look, otherwise the number of the place of the second look.
            thorough: Whether to search for small faces beside a large one too.
        """
        seen = self.finder(frame, MOST_FACES, thorough=thorough)
        large = [face for face in seen if _shorter_side(face[0]) >= SMALLEST_FACE]
        self.tiny += bool(seen) and not large
        for box, _ in seen:
            _LOG.debug("frame %d: face at %s", number, [round(float(edge)) for edge in box])
        if not large:
            return
        boxes, landmarks = np.stack([box for box, _ in large]), np.stack([points for _, points in large])
        self._crops += list(cut_crops([frame] * len(large), boxes, self.detector.spec, landmarks))
        self._boxes += list(boxes)
        self._frames += [number] * len(large)
        self._places += [place] * len(large)

    def faces(self, thresholds: Thresholds) -> tuple[SeenFace, ...]:
        """Score every face that was seen.

        Args:
            thresholds: The limits of high and low scores, which decide the most suspicious part of a face.
        """
        order = np.argsort(self._frames, kind="stable").tolist()
        tracks = follow([self._frames[row] for row in order], [self._boxes[row] for row in order])
        for track in tracks:
            track.rows = [order[row] for row in track.rows]
        return tuple(self._scored(number, track, thresholds) for number, track in enumerate(tracks, 1))

    def _scored(self, number: int, track: FaceTrack, thresholds: Thresholds) -> SeenFace:
        """Score a face over the first look and each place of the second look; the most suspicious score decides."""
        probabilities: dict[int, float] = {}
        best: Score | None = None
        stretch: tuple[float, float] | None = None
        for place in sorted({self._places[row] for row in track.rows}):
            rows = [row for row in track.rows if self._places[row] == place]
            if len(rows) < self.detector.spec.frames or (place and len(rows) < FEWEST_SIGHTINGS):
                continue
            score = self.detector.score(np.stack([self._crops[row] for row in rows]))
            if float(np.median([_shorter_side(self._boxes[row]) for row in rows])) < self.detector.spec.smallest_face:
                score = replace(score, in_scope=False)
            probabilities |= dict(zip(rows, score.frame_probabilities, strict=True))
            if best is None or _suspicion(score, thresholds) > _suspicion(best, thresholds):
                best = score
                times = [self._frames[row] / self.fps for row in rows]
                stretch = (times[0], times[-1]) if place else None
        sightings = tuple(
            Sighting(frame, frame / self.fps, _box(box), probabilities.get(row))
            for frame, box, row in zip(track.frames, track.boxes, track.rows, strict=True)
        )
        return SeenFace(number, best, sightings, stretch)


def most_suspicious(faces: Sequence[SeenFace], thresholds: Thresholds) -> SeenFace | None:
    """Return the decisive face: high scores come before undecided ones, undecided before low, then the higher score.

    Args:
        faces: All faces of a file.
        thresholds: The limits of high and low scores.
    """
    scored = [face for face in faces if face.score is not None]
    often = max((len(face.sightings) for face in scored), default=0)
    scored = [face for face in scored if len(face.sightings) >= min(FEWEST_SIGHTINGS, often) or face.stretch]
    return max(scored, key=lambda face: _suspicion(face.score, thresholds), default=None)


def name_of(face: SeenFace, count: int) -> str:
    """Return the name of the face that a score belongs to, with its time; empty for the only face over all frames.

    Args:
        face: The face.
        count: Number of faces in the file.
    """
    which = f"face {face.number} of {count}" if count > 1 else ""
    if face.stretch is None:
        return which
    when = f"from {clock(face.stretch[0])} to {clock(face.stretch[1])}"
    return f"{which or 'the face'} {when}"


def _suspicion(score: Score | None, thresholds: Thresholds) -> tuple[int, float]:
    return height_of(score, thresholds).value, score.probability if score else 0.0


def _shorter_side(box: Floats) -> float:
    return float(min(box[2:] - box[:2]))


def _box(box: Floats) -> Box:
    left, top, right, bottom = (round(float(side), 1) for side in box)
    return left, top, right, bottom
