"""Measure whether a detector says when a clip was manipulated: its segments against those of the corpus.

Threshold and smoothing are chosen on the validation split, before a frame of the test is scored. Genuine clips count
too: every segment that is found in one is a false one.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from detectors import Detector, FrameScores, SegmentRule
from forensics.corpus import Corpus, Label, Sample, Slice, true_segments
from forensics.errors import CorpusError, InputError
from forensics.evaluation import EVERYTHING, HELD_OUT, SEEN, Floats, Measure
from forensics.evaluation.metrics.intervals import FEWEST_PEOPLE, Interval
from forensics.evaluation.metrics.resampling import IdentityWeights
from forensics.execution.progress import Report, silent, subrange
from forensics.execution.workers import WorkerConfig
from forensics.faces import FaceFinder

from .frame_scoring import score_clips
from .segment_metrics import Found, JudgedClip, SegmentTable
from .segment_rule import fit_rule, judge

_LOG = logging.getLogger(__name__)

MOST_FRAMES = 300
"""Usual number of frames of a clip that are scored: twelve seconds at 25 frames per second."""

_FEWEST = 0.5
"""Least share of the replicates in which something is altered, for an interval."""


@dataclass(frozen=True, slots=True)
class SegmentPlan:
    """The settings of a measurement.

    Attributes:
        most: Largest number of frames of a clip that are scored, evenly spread.
        seed: Seed of the bootstrap.
        replicates: Number of bootstrap replicates.
        fallback: Threshold of frame scores where no validation clip is altered.
        worker_config: Configuration of the worker pool; None scores in this process.
    """

    most: int = MOST_FRAMES
    seed: int = 0
    replicates: int = 1000
    fallback: float = 0.5
    worker_config: WorkerConfig | None = None


@dataclass(frozen=True, slots=True)
class SegmentReport:
    """What was found.

    Attributes:
        measures: `segment_ap_50/video` and the others, over all clips and for each method with all genuine clips.
        told: Sentences on how threshold and smoothing were chosen, and on what was left out.
        rule: Threshold and smoothing.
        found: Score, start and end of the found segments by sample, the highest score first.
    """

    measures: tuple[Measure, ...]
    told: tuple[str, ...]
    rule: SegmentRule
    found: Mapping[str, tuple[Found, ...]]


def measure_segments(
    detector: Detector,
    corpus: Corpus,
    samples: Sequence[Sample],
    validation: Sequence[Sample],
    plan: SegmentPlan,
    *,
    seen_methods: Sequence[str] = (),
    finder: FaceFinder | None = None,
    report: Report = silent,
) -> SegmentReport:
    """Measure when a detector sees manipulations.

    Args:
        detector: A detector of single pictures.
        corpus: The corpus of the samples.
        samples: The tested samples; the clips of the main slice count.
        validation: The samples on which threshold and smoothing are chosen.
        plan: The settings.
        seen_methods: Methods that the detector was trained on, where that is known; they are then measured apart.
        finder: Face finder for samples without a sidecar.
        report: Progress callback.

    Raises:
        CorpusError: No tested clip is altered in parts.
        InputError: The detector judges clips.
    """
    if detector.spec.frames > 1:
        raise InputError(f"detector {detector.spec.name!r} judges clips as a whole; segments need scores of frames")
    tested, held = clips_of(samples), clips_of(validation)
    if not any(sample.segments for sample in tested):
        raise CorpusError(
            f"{corpus.root} has no clip in this test whose altered segments are known; `facetrail corpus synthesize "
            "--methods partial-swap` makes some, and LAV-DF and AV-Deepfake1M have them",
            corpus.root,
        )
    share = len(held) / (len(held) + len(tested))
    told: list[str] = []
    rule = _rule(detector, corpus, held, plan, finder, told, subrange(report, 0.0, share))
    scores = score_clips(
        detector, corpus, tested, plan.most, finder=finder, worker_config=plan.worker_config,
        report=subrange(report, share, 1.0),
    )  # fmt: skip
    told += _gaps(tested, scores)
    truths = [true_segments(sample) for sample in tested]
    judged = judge(scores, truths, rule)
    measures: list[Measure] = []
    for name, chosen in _slices(tested, seen_methods).items():
        measures += _measures(tested, judged, scores, chosen, name, plan)
    _LOG.info("compared the segments of %d clips", len(tested))
    found = {sample.id: tuple(clip.found) for sample, clip in zip(tested, judged, strict=True)}
    return SegmentReport(tuple(measures), tuple(told), rule, found)


def clips_of(samples: Sequence[Sample]) -> list[Sample]:
    """Return the clips with a frame rate that are no control samples."""
    return [one for one in samples if one.slice is Slice.MAIN and one.fps is not None and one.frames > 1]


def _rule(
    detector: Detector,
    corpus: Corpus,
    held: Sequence[Sample],
    plan: SegmentPlan,
    finder: FaceFinder | None,
    told: list[str],
    report: Report,
) -> SegmentRule:
    """Return threshold and smoothing, and tell where they are from."""
    truths = [true_segments(sample) for sample in held]
    fitted = None
    if any(sample.segments for sample in held):
        scores = score_clips(
            detector, corpus, held, plan.most, finder=finder, worker_config=plan.worker_config,
            report=subrange(report, 0.0, 0.9),
        )  # fmt: skip
        fitted = fit_rule(scores, truths, subrange(report, 0.9, 1.0))
    if fitted is None:
        told.append(
            f"segments: no validation clip is altered in parts; frames above {plan.fallback:.3f} are taken, unsmoothed"
        )
        return SegmentRule(plan.fallback)
    rule, precision = fitted
    told.append(
        f"segments: frames above {rule.threshold:.3f}, smoothed over {rule.smoothing:g} seconds, chosen on {len(held)} "
        f"validation clips, where the mean average precision is {precision:.3f}"
    )
    return rule


def _gaps(tested: Sequence[Sample], scores: Sequence[FrameScores]) -> list[str]:
    """Return sentences on frames that were not scored."""
    lines = []
    blank = sum(bool(np.isnan(one.scores).all()) for one in scores)
    if blank:
        lines.append(f"segments: {blank} of {len(tested)} clips show no face that can be scored, and have none")
    sparse = sum(len(one.frames) < one.count for one in scores)
    if sparse:
        lines.append(
            f"segments: of {sparse} of {len(tested)} clips not every frame was scored; --when N scores up to N of each"
        )
    return lines


def _slices(tested: Sequence[Sample], seen_methods: Sequence[str]) -> dict[str, list[int]]:
    """Return the rows of every slice; a slice of forgeries contains all genuine clips too."""
    genuine = {row for row, one in enumerate(tested) if one.label is Label.GENUINE}
    methods = sorted({one.method for one in tested if one.label is Label.FORGED})
    slices: dict[str, list[int]] = {EVERYTHING: list(range(len(tested)))}
    groups = {f"method={name}": {name} for name in methods} if len(methods) > 1 else {}
    if seen_methods:
        known = set(seen_methods)
        groups |= {SEEN: known & set(methods), HELD_OUT: set(methods) - known}
    for name, group in groups.items():
        rows = [row for row, one in enumerate(tested) if row in genuine or one.method in group]
        if len(rows) > len(genuine):
            slices[name] = rows
    return slices


def _measures(
    tested: Sequence[Sample],
    judged: Sequence[JudgedClip],
    scores: Sequence[FrameScores],
    rows: Sequence[int],
    name: str,
    plan: SegmentPlan,
) -> list[Measure]:
    table = SegmentTable([judged[row] for row in rows])
    whole = SegmentTable([_marked_whole(scores[row], judged[row]) for row in rows])
    once = np.ones((1, len(rows)))
    plain = whole.all_measures(once)
    intervals = _intervals(table, [tested[row].identities for row in rows], plan)
    positive = sum(tested[row].label is Label.FORGED for row in rows)
    count = int(table.truths.sum())
    return [
        Measure.of(
            metric, interval, positive, len(rows) - positive, slice=name,
            note=f"{count} altered segments; marking every clip as a whole has {plain[metric][0]:.3f}",
        )
        for metric, interval in intervals.items()
    ]  # fmt: skip


def _marked_whole(clip: FrameScores, judged: JudgedClip) -> JudgedClip:
    """Return a clip with one found segment over its whole length, which has the mean of the scores."""
    known = clip.scores[np.isfinite(clip.scores)]
    return JudgedClip(judged.truths, [(float(known.mean()) if len(known) else 0.0, 0.0, clip.count / clip.fps)])


def _intervals(table: SegmentTable, identities: Sequence[tuple[str, ...]], plan: SegmentPlan) -> dict[str, Interval]:
    """Return every measure with an interval over people, as all other measures have it."""
    values = {name: float(value[0]) for name, value in table.all_measures(np.ones((1, len(identities)))).items()}
    weights = IdentityWeights(identities, len(identities))
    drawn: dict[str, list[Floats]] = {name: [] for name in values}
    if weights.count >= FEWEST_PEOPLE and plan.replicates:
        rng = np.random.default_rng(plan.seed)
        for size in weights.sizes(plan.replicates):
            repeats = weights.of_chosen(weights.choose(rng, size))
            for name, value in table.all_measures(repeats).items():
                drawn[name].append(value)
    return {name: _interval(value, drawn[name], plan.replicates) for name, value in values.items()}


def _interval(value: float, parts: Sequence[Floats], replicates: int) -> Interval:
    drawn = np.concatenate(parts) if parts else np.zeros(0)
    drawn = drawn[~np.isnan(drawn)]
    if len(drawn) < max(1.0, _FEWEST * replicates) or np.ptp(drawn) == 0:
        return Interval(value, None, None)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Interval(value, float(low), float(high))
