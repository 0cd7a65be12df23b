"""Measure detectors under attack, with several values of ε, in both directions, for every surrogate and target.

Forged frames are changed until they are missed, genuine ones until they are flagged. The changed frames consist of
whole levels again and pass through ordinary cropping and scoring, so that a change lost to rounding does not count.
Where the attacked detector is the measured one, the attack is white-box; otherwise it is a transfer attack.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detectors import Detector, DetectorSpec
from forensics.corpus import Corpus, Label, Sample
from forensics.errors import CorpusError
from forensics.evaluation import AUC, AppliedDistortion, Measure, Metric, at_threshold, bootstrap_intervals
from forensics.execution.progress import Report, silent
from forensics.faces import FaceFinder, Faces, Frames, cut_crops, job_of, load_frames_with_faces

from .attack import STEPS, Attack, Method, attack_frames, refuse_unfit

_LOG = logging.getLogger(__name__)

EPSILONS = (1, 2, 4, 8)
"""Common values of ε, in levels of 255."""

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AttackPlan:
    """The attacks of a measurement.

    Attributes:
        method: `fgsm`, `pgd` or `square`.
        epsilons: Values of ε, in levels of 255, ascending.
        steps: Gradient steps of PGD, or queries of Square.
        per_clip: Largest number of frames of one clip that are attacked and scored.
        seed: Seed of PGD's random starts and of the bootstrap.
        replicates: Number of bootstrap replicates.
    """

    method: Method = "pgd"
    epsilons: tuple[int, ...] = EPSILONS
    steps: int = STEPS
    per_clip: int = 8
    seed: int = 0
    replicates: int = 1000

    @property
    def attacks(self) -> tuple[Attack, ...]:
        """Return the attacks, weakest first."""
        return tuple(Attack(self.method, epsilon, self.steps) for epsilon in self.epsilons)


def measure_attacks(
    targets: Mapping[str, Detector],
    thresholds: Mapping[str, float],
    corpus: Corpus,
    samples: Sequence[Sample],
    plan: AttackPlan,
    *,
    surrogates: Mapping[str, Detector] | None = None,
    finder: FaceFinder | None = None,
    report: Report = silent,
) -> dict[str, tuple[Measure, ...]]:
    """Attack every detector and measure every target under every attack.

    Args:
        targets: Detectors to measure, by name; each is attacked too.
        thresholds: Frozen on validation data, by name of the target.
        corpus: The corpus of the samples.
        samples: Test samples of both classes.
        plan: The attacks.
        surrogates: Further detectors that are attacked but not measured, by name.
        finder: Face finder for samples without a sidecar.
        report: Progress callback.

    Returns:
        For each target, the measures of the frames before the attack (severity 0) and after each attack. `auc/video`,
        `balanced_accuracy/video`, `fpr/video` and `tpr/video` are measured with both classes attacked, each towards the
        other class; for `auc_forged_attacked/video` genuine files are not attacked. `evaded/video` is the share of the
        forged files flagged before that are missed after, `framed/video` the share of the genuine ones not flagged
        before that are flagged after.

    Raises:
        CorpusError: No sample shows a face.
        InputError: A detector judges clips, or has no gradients and the attack needs them.
        MetricError: A class is missing.
    """
    attacked = {**targets, **(surrogates or {})}
    for detector in attacked.values():
        refuse_unfit(detector, plan.method)
    scored = _score_attacked(targets, attacked, corpus, samples, plan, finder, report)
    if not scored.samples:
        raise CorpusError(f"none of {len(samples)} samples of {corpus.root} shows a face to attack", corpus.root)
    note = "attacked frames are scored without loss in between"
    if unseen := len(samples) - len(scored.samples):
        note += f"; {unseen} files without a face are left out"
    return {target: _measures(target, scored, thresholds[target], plan, note) for target in targets}


@dataclass(frozen=True, slots=True)
class _AttackedScores:
    """Scores of every target, one for each sample that shows a face.

    Attributes:
        samples: The samples.
        before: Scores of the unchanged frames, by target.
        after: Scores of the attacked frames, by target, attacked detector and ε.
    """

    samples: list[Sample]
    before: dict[str, list[float]]
    after: dict[tuple[str, str, int], list[float]]


def _score_attacked(
    targets: Mapping[str, Detector],
    attacked: Mapping[str, Detector],
    corpus: Corpus,
    samples: Sequence[Sample],
    plan: AttackPlan,
    finder: FaceFinder | None,
    report: Report,
) -> _AttackedScores:
    cells = [(name, attack) for name in attacked for attack in plan.attacks]
    after = {(target, name, attack.epsilon): list[float]() for target in targets for name, attack in cells}
    scored = _AttackedScores([], {name: [] for name in targets}, after)
    for number, sample in enumerate(samples):
        loaded = _load(corpus, sample, _needs_faces(attacked), plan.per_clip, finder)
        if loaded is None:
            continue
        frames, faces = loaded
        scored.samples.append(sample)
        for target, detector in targets.items():
            scored.before[target].append(_score(detector, frames, faces))
        directions = np.full(len(frames), -1 if sample.label is Label.FORGED else 1)
        for step, (name, attack) in enumerate(cells):
            report((number + step / len(cells)) / len(samples), f"{plan.method} {attack} on {name}")
            rng = np.random.default_rng([plan.seed, number, attack.epsilon])
            changed = attack_frames(attacked[name], frames, faces.boxes, faces.landmarks, directions, attack, rng)
            for target, detector in targets.items():
                after[target, name, attack.epsilon].append(_score(detector, changed, faces))
    count = len(scored.samples)
    _LOG.info("attacked %d of %d samples by %s in %d ways", count, len(samples), plan.method, len(cells))
    return scored


@dataclass(frozen=True, slots=True)
class _Cell:
    """One attack on one detector, as its measures name it.

    Attributes:
        attack: The attack; its ε is 0 for the frames before any attack.
        applied: The method with the attacked detector where that is another one than the measured, and the place of
            the ε in the ladder.
        note: What a reader of the numbers has to know.
    """

    attack: Attack
    applied: AppliedDistortion
    note: str

    @classmethod
    def of(cls, attack: Attack, name: str, severity: int, note: str) -> _Cell:
        """Return the cell of an attack."""
        return cls(attack, AppliedDistortion(name, severity, str(attack)), note)


def _measures(
    target: str, scored: _AttackedScores, threshold: float, plan: AttackPlan, note: str
) -> tuple[Measure, ...]:
    before = np.array(scored.before[target])
    unchanged = _Cell.of(Attack(plan.method, 0), plan.method, 0, note)
    found = _measure_cell(unchanged, before, before, scored.samples, threshold, plan)
    for (measured, surrogate, epsilon), scores in scored.after.items():
        if measured != target:
            continue
        name = plan.method if surrogate == target else f"{plan.method} from {surrogate}"
        attack = Attack(plan.method, epsilon, plan.steps)
        cell = _Cell.of(attack, name, plan.epsilons.index(epsilon) + 1, note)
        found += _measure_cell(cell, before, np.array(scores), scored.samples, threshold, plan)
    return tuple(found)


def _measure_cell(
    cell: _Cell, before: Scores, after: Scores, samples: Sequence[Sample], threshold: float, plan: AttackPlan
) -> list[Measure]:
    labels = np.array([sample.label is Label.FORGED for sample in samples], dtype=np.int64)
    flagged = before > threshold
    mixed = np.where(labels == 1, after, before)
    everything = np.ones(len(labels), dtype=np.bool_)
    tables: list[tuple[Mapping[str, Metric], Scores, NDArray[np.bool_]]] = [
        ({"auc": AUC, **at_threshold(threshold)}, after, everything)
    ]
    if cell.attack.epsilon > 0:
        rates = at_threshold(threshold)
        missed = Metric(lambda counts: 1 - rates["tpr"].of(counts))
        tables.append(({"auc_forged_attacked": AUC}, mixed, everything))
        tables.append(({"evaded": missed}, after, (labels == 1) & flagged))
        tables.append(({"framed": rates["fpr"]}, after, (labels == 0) & ~flagged))
    measures: list[Measure] = []
    for metrics, scores, chosen in tables:
        if not chosen.any():
            continue
        part = labels[chosen]
        identities = [sample.identities for sample, inside in zip(samples, chosen, strict=True) if inside]
        rng = np.random.default_rng(plan.seed)
        found = bootstrap_intervals(metrics, part, scores[chosen], identities, rng, replicates=plan.replicates)
        measures += [
            Measure.of(
                name,
                interval,
                int(part.sum()),
                int((part == 0).sum()),
                applied=cell.applied,
                note=cell.note,
            )
            for name, interval in found.items()
        ]
    return measures


def _score(detector: Detector, frames: Sequence[Frames], faces: Faces) -> float:
    return float(detector.probabilities(cut_crops(frames, faces.boxes, detector.spec, faces.landmarks)).mean())


def _needs_faces(detectors: Mapping[str, Detector]) -> DetectorSpec:
    """Return the spec that decides which frames are taken: one of face crops where there is one."""
    specs = [detector.spec for detector in detectors.values()]
    return next((spec for spec in specs if not spec.whole_frame), specs[0])


def _load(
    corpus: Corpus, sample: Sample, spec: DetectorSpec, per_clip: int, finder: FaceFinder | None
) -> tuple[list[Frames], Faces] | None:
    search, frames = load_frames_with_faces(job_of(corpus, sample, spec, per_clip), finder)
    return None if search.faces is None else (frames, replace(search.faces, frames=np.arange(len(search.faces))))
