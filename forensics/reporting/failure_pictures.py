"""Write a detector's worst errors as pictures: the face crop, and the map of what supported its answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detectors import Detector, explain
from forensics.corpus import Corpus, Sample
from forensics.errors import CorpusError
from forensics.evaluation import ScoreTable
from forensics.evaluation.run import Evaluated, key_of
from forensics.faces import FaceFinder, Frames, gather_crops

from .failures import Failure, write_failures

FOLDER = "failures"
MOST = 4
"""Number of errors of each kind that are written."""

_HEAT = np.array((214, 69, 33), dtype=np.float64)
_OPACITY = 0.75
_GREY = np.array((0.299, 0.587, 0.114))


@dataclass(frozen=True, slots=True, eq=False)
class ScoredTest:
    """A detector's test with what is needed to look at its frames again.

    Attributes:
        detector: Whose errors.
        corpus: Where the files lie.
        samples: The samples tested.
        table: Their scores, one row per frame.
        threshold: Genuine videos above it are false alarms, manipulated ones up to it misses.
        per_clip: Frames of a clip looked at.
        finder: Finds faces in samples without a sidecar.
    """

    detector: Detector
    corpus: Corpus
    samples: Sequence[Sample]
    table: ScoreTable
    threshold: float
    per_clip: int
    finder: FaceFinder | None = None

    @classmethod
    def of(cls, one: Evaluated) -> ScoredTest | None:
        """Return the test behind an evaluation, None where there is no detector, corpus, table or threshold."""
        if one.detector is None or one.corpus is None or one.table is None or one.report.threshold is None:
            return None
        return cls(
            one.detector,
            one.corpus,
            one.samples,
            one.table,
            one.report.threshold,
            one.settings.per_clip,
            one.finder,
        )


@dataclass(frozen=True, slots=True)
class _Wrong:
    video: str
    label: int
    score: float
    method: str


def keep_failures(test: ScoredTest, folder: Path, *, most: int = MOST) -> tuple[Failure, ...]:
    """Write the worst false alarms and misses of a test below a detector's folder of results.

    Of each video the frame is shown whose score is furthest on the wrong side.

    Args:
        test: Whose errors.
        folder: The detector's folder; pictures and record go to `failures` in it.
        most: Errors of each kind.

    Returns:
        What was written, paths relative to `failures`.
    """
    by_key = {key_of(sample): sample for sample in test.samples}
    failures: list[Failure] = []
    place = folder / FOLDER
    place.mkdir(parents=True, exist_ok=True)
    for wrong in worst_errors(test.table, test.threshold, most):
        shown = _worst_frame(test, by_key[wrong.video], wrong.label)
        if shown is None:
            continue
        crop, score, heat = shown
        stem = f"{len(failures) + 1:02d}-{re.sub(r'[^A-Za-z0-9_.-]+', '-', wrong.video)[-60:]}"
        names = f"{stem}.png", f"{stem}-heat.png"
        for name, picture in zip(names, (crop, overlay(crop, heat)), strict=True):
            Image.fromarray(picture).save(place / name, optimize=True)
        failures.append(Failure(wrong.video, wrong.label, wrong.score, score, wrong.method, *names))
    write_failures(failures, place)
    return tuple(failures)


def worst_errors(table: ScoreTable, threshold: float, most: int = MOST) -> tuple[_Wrong, ...]:
    """Return covered videos on the wrong side of a threshold, the furthest first: false alarms, then misses."""
    videos = table.by_video()
    found: list[_Wrong] = []
    for label, order in ((0, np.argsort(-videos.scores, kind="stable")), (1, np.argsort(videos.scores, kind="stable"))):
        wrong = (videos.scores > threshold) == (label == 0)
        rows = [row for row in order if videos.labels[row] == label and wrong[row] and videos.covered[row]]
        found += [
            _Wrong(videos.videos[row], label, float(videos.scores[row]), videos.methods[row]) for row in rows[:most]
        ]
    return tuple(found)


def overlay(crop: Frames, heat: NDArray[np.float64]) -> Frames:
    """Return a grey crop with a map drawn over it.

    Args:
        crop: (S, S, 3) uint8 RGB.
        heat: (S, S) in 0-1.
    """
    grey = (crop @ _GREY)[..., None]
    share = _OPACITY * heat[..., None]
    mixed: Frames = np.clip(np.rint(grey * (1 - share) + _HEAT * share), 0, 255).astype(np.uint8)
    return mixed


def _worst_frame(test: ScoredTest, sample: Sample, label: int) -> tuple[Frames, float, NDArray[np.float64]] | None:
    detector = test.detector
    try:
        crops = gather_crops(test.corpus, [sample], detector.spec, per_clip=test.per_clip, finder=test.finder).crops
    except CorpusError:  # no face is left to show
        return None
    scores = detector.probabilities(crops)
    frame = int(np.argmax(scores) if label == 0 else np.argmin(scores))
    length = detector.spec.frames
    first = min(frame, len(crops) - length) if length > 1 else frame
    maps = explain(detector, crops[first : first + length], "manipulated" if label == 0 else "genuine")
    return crops[frame], float(scores[frame]), maps[frame - first]
