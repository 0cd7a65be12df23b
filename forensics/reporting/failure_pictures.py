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
from forensics.evaluation.run import key_of
from forensics.faces import FaceFinder, Frames, gather_crops

from .failures import Failure, write_failures

FOLDER = "failures"
MOST = 4
"""Number of errors of each kind that are written."""

_HEAT = np.array((214, 69, 33), dtype=np.float64)
_OPACITY = 0.75
_GREY = np.array((0.299, 0.587, 0.114))


@dataclass(frozen=True, slots=True)
class _Wrong:
    video: str
    label: int
    score: float
    method: str


def keep_failures(
    detector: Detector,
    corpus: Corpus,
    samples: Sequence[Sample],
    table: ScoreTable,
    folder: Path,
    *,
    threshold: float,
    per_clip: int,
    finder: FaceFinder | None = None,
    most: int = MOST,
) -> tuple[Failure, ...]:
    """Write the worst false alarms and misses of a test to a detector's folder of results.

    The picture of a video shows the frame whose score is furthest on the wrong side.

    Args:
        detector: The detector.
        corpus: The corpus of the samples.
        samples: The tested samples.
        table: Their scores, one row per frame.
        folder: The detector's folder; pictures and record are written to `failures` in it.
        threshold: Genuine videos above it are false alarms, manipulated ones up to it misses.
        per_clip: Number of frames of a clip that are used.
        finder: Face finder for samples without a sidecar.
        most: Largest number of errors of each kind.

    Returns:
        The written failures, with paths relative to `failures`.
    """
    by_key = {key_of(sample): sample for sample in samples}
    failures: list[Failure] = []
    place = folder / FOLDER
    place.mkdir(parents=True, exist_ok=True)
    for wrong in worst_errors(table, threshold, most):
        shown = _worst_frame(detector, corpus, by_key[wrong.video], wrong.label, per_clip, finder)
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


def _worst_frame(
    detector: Detector, corpus: Corpus, sample: Sample, label: int, per_clip: int, finder: FaceFinder | None
) -> tuple[Frames, float, NDArray[np.float64]] | None:
    try:
        crops = gather_crops(corpus, [sample], detector.spec, per_clip=per_clip, finder=finder).crops
    except CorpusError:  # no face remains to be shown
        return None
    scores = detector.probabilities(crops)
    frame = int(np.argmax(scores) if label == 0 else np.argmin(scores))
    length = detector.spec.frames
    first = min(frame, len(crops) - length) if length > 1 else frame
    maps = explain(detector, crops[first : first + length], "manipulated" if label == 0 else "genuine")
    return crops[frame], float(scores[frame]), maps[frame - first]
