"""Measure the maps of a detector against the masks of a corpus, with intervals over people.

A map is the detector's own where it localises, and otherwise the map of what spoke for *manipulated*
(`detectors.explain`). It is compared with the mask inside the detector's crop. Frames give their video's mean, and
videos the mean of a method. Faces stand in the middle of their crops, and so do most masks: the same measures of a map
that knows nothing but the middle stand in the note.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors import Detector, localise
from forensics.corpus import Corpus, Label, Sample, mask_place, take_masks
from forensics.errors import CorpusError, InputError
from forensics.evaluation import EVERYTHING, Measure
from forensics.evaluation.metrics.intervals import bootstrap_intervals
from forensics.execution.progress import Report, silent
from forensics.faces import FaceFinder, cut_crops, job_of, load_frames_with_faces
from watermark import MediaError

from .pixel_metrics import PixelScores, middle_map, pixel_scores

_LOG = logging.getLogger(__name__)

METRICS = ("pixel_auc", "pixel_f1", "pixel_iou")


@dataclass(frozen=True, slots=True)
class LocalisationPlan:
    """The settings of a measurement.

    Attributes:
        per_clip: Largest number of frames of one clip.
        seed: Seed of the bootstrap.
        replicates: Number of bootstrap replicates.
    """

    per_clip: int = 8
    seed: int = 0
    replicates: int = 1000


@dataclass(frozen=True, slots=True)
class _Video:
    """The mean of the frames of one sample, for the detector and for the map that only knows the middle."""

    sample: Sample
    found: tuple[float | None, float, float]
    middle: tuple[float | None, float, float]


def measure_localisation(
    detector: Detector,
    corpus: Corpus,
    samples: Sequence[Sample],
    plan: LocalisationPlan,
    *,
    finder: FaceFinder | None = None,
    report: Report = silent,
) -> tuple[tuple[Measure, ...], tuple[str, ...]]:
    """Measure where a detector sees manipulations.

    Args:
        detector: A detector of single pictures.
        corpus: The corpus of the samples.
        samples: The samples; those that are forged and have a mask count.
        plan: The settings.
        finder: Face finder for samples without a sidecar.
        report: Progress callback.

    Returns:
        `pixel_auc/video`, `pixel_f1/video` and `pixel_iou/video`, over all videos and for each method; and sentences on
        what was left out.

    Raises:
        CorpusError: No forged sample has a mask that covers a part of a crop.
        InputError: The detector judges clips.
    """
    if detector.spec.frames > 1:
        raise InputError(f"detector {detector.spec.name!r} judges clips; maps are compared for single pictures")
    masked = [sample for sample in samples if sample.label is Label.FORGED and sample.mask is not None]
    videos: list[_Video] = []
    for number, sample in enumerate(masked):
        report(number / len(masked), "comparing maps with masks")
        video = _measure_video(detector, corpus, sample, plan.per_clip, finder)
        if video is not None:
            videos.append(video)
    if not videos:
        raise CorpusError(
            f"{corpus.root} has no forged sample with a mask in this test; maps are compared with masks", corpus.root
        )
    forged = sum(sample.label is Label.FORGED for sample in samples)
    told = [f"maps: {len(videos)} of {forged} forged videos have a mask that covers a part of the crop"]
    methods = sorted({video.sample.method for video in videos})
    measures = _measures(videos, EVERYTHING, plan)
    for method in methods if len(methods) > 1 else ():
        measures += _measures([one for one in videos if one.sample.method == method], f"method={method}", plan)
    _LOG.info("compared maps of %d videos with their masks", len(videos))
    return tuple(measures), tuple(told)


def _measure_video(
    detector: Detector, corpus: Corpus, sample: Sample, per_clip: int, finder: FaceFinder | None
) -> _Video | None:
    place = mask_place(corpus, sample)
    try:
        search, frames = load_frames_with_faces(job_of(corpus, sample, detector.spec, per_clip), finder)
    except (MediaError, OSError):
        return None
    faces = search.faces
    if faces is None or place is None:
        return None
    masks = take_masks(place, faces.frames.tolist())
    kept = [row for row, mask in enumerate(masks) if mask is not None]
    if not kept:
        return None
    rows = np.array(kept)
    painted = [_painted(masks[row], frames[row].shape) for row in kept]
    crops, cut = (
        cut_crops(shown, faces.boxes[rows], detector.spec, faces.landmarks[rows])
        for shown in ([frames[row] for row in kept], painted)
    )
    inside = [np.asarray(one[..., 0] >= 128) for one in cut]
    found = [
        (pixel_scores(one, mask), pixel_scores(middle_map(*mask.shape), mask))
        for one, mask in zip(localise(detector, crops), inside, strict=True)
    ]
    counted = [(one, other) for one, other in found if one is not None and other is not None]
    if not counted:
        return None
    return _Video(sample, _mean([one for one, _ in counted]), _mean([other for _, other in counted]))


def _painted(mask: NDArray[np.bool_] | None, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return a mask as a picture (H, W, 3) of the size of its frame, which is cut as the frame is."""
    plane = np.zeros(shape[:2], np.uint8) if mask is None else mask.astype(np.uint8) * 255
    if plane.shape != tuple(shape[:2]):
        plane = np.asarray(cv2.resize(plane, (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
    return np.repeat(plane[..., None], 3, axis=2)


def _mean(frames: Sequence[PixelScores]) -> tuple[float | None, float, float]:
    areas = [one.auc for one in frames if one.auc is not None]
    return (
        float(np.mean(areas)) if areas else None,
        float(np.mean([one.f1 for one in frames])),
        float(np.mean([one.iou for one in frames])),
    )


def _measures(videos: Sequence[_Video], name: str, plan: LocalisationPlan) -> list[Measure]:
    measures = []
    for place, metric in enumerate(METRICS):
        chosen = [video for video in videos if video.found[place] is not None]
        if not chosen:
            continue
        values = np.array([video.found[place] for video in chosen], dtype=np.float64)
        middle = float(np.mean([video.middle[place] for video in chosen if video.middle[place] is not None]))
        found = bootstrap_intervals(
            {metric: lambda labels, scores: float(scores.mean())},
            np.ones(len(chosen), dtype=np.int64),
            values,
            [video.sample.identities for video in chosen],
            np.random.default_rng(plan.seed),
            replicates=plan.replicates,
        )
        note = f"a map that only knows the middle has {middle:.3f}"
        measures.append(Measure.of(metric, found[metric], len(chosen), 0, slice=name, note=note))
    return measures
