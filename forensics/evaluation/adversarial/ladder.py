"""Measure detectors under attack, with several values of ε, in both directions, for every surrogate and target.

Forged frames are changed until they are missed, genuine ones until they are flagged. The changed frames consist of
whole levels again and pass through ordinary cropping and scoring, so that a change lost to rounding does not count.
Where the attacked detector is the measured one, the attack is white-box; otherwise it is a transfer attack.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detectors import Detector, DetectorSpec
from forensics.corpus import Corpus, Label, Sample
from forensics.errors import CorpusError
from forensics.evaluation import AUC, Measure, Metric, at_threshold, bootstrap_intervals
from forensics.execution.progress import Report, silent
from forensics.faces import FaceFinder, Faces, Frames, cut_crops, job_of, load_frames_with_faces

from .attack import STEPS, Attack, Method, attack_frames

EPSILONS = (1, 2, 4, 8)
"""Common values of ε, in levels of 255."""

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AttackPlan:
    """The attacks of a measurement.

    Attributes:
        method: `fgsm` or `pgd`.
        epsilons: Values of ε, in levels of 255, ascending.
        steps: Gradient steps of PGD.
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
        InputError: A detector judges clips.
        MetricError: A class is missing.
    """
    attacked = {**targets, **(surrogates or {})}
    cells = [(name, attack) for name in attacked for attack in plan.attacks]
    clean: dict[str, list[float]] = {name: [] for name in targets}
    after: dict[tuple[str, str, int], list[float]] = {
        (target, name, attack.epsilon): [] for target in targets for name, attack in cells
    }
    kept: list[Sample] = []
    for number, sample in enumerate(samples):
        seen = _see(corpus, sample, next(iter(targets.values())).spec, plan.per_clip, finder)
        if seen is None:
            continue
        frames, faces = seen
        kept.append(sample)
        for target, detector in targets.items():
            clean[target].append(_score(detector, frames, faces))
        directions = np.full(len(frames), -1 if sample.label is Label.FORGED else 1)
        for step, (name, attack) in enumerate(cells):
            report((number + step / len(cells)) / len(samples), f"{plan.method} {attack} on {name}")
            rng = np.random.default_rng([plan.seed, number, attack.epsilon])
            changed = attack_frames(attacked[name], frames, faces.boxes, faces.landmarks, directions, attack, rng)
            for target, detector in targets.items():
                after[target, name, attack.epsilon].append(_score(detector, changed, faces))
    if not kept:
        raise CorpusError(f"none of {len(samples)} samples of {corpus.root} shows a face to attack", corpus.root)
    return {
        target: _measures(target, clean, after, kept, thresholds[target], plan, len(samples) - len(kept))
        for target in targets
    }


def _measures(
    target: str,
    clean: Mapping[str, Sequence[float]],
    after: Mapping[tuple[str, str, int], Sequence[float]],
    samples: Sequence[Sample],
    threshold: float,
    plan: AttackPlan,
    unseen: int,
) -> tuple[Measure, ...]:
    note = "attacked frames are scored without loss in between"
    if unseen:
        note += f"; {unseen} files without a face are left out"
    before = np.array(clean[target])
    found = _cell(before, before, samples, threshold, plan, Attack(plan.method, 0), plan.method, 0, note)
    for (measured, surrogate, epsilon), scores in after.items():
        if measured != target:
            continue
        name = plan.method if surrogate == target else f"{plan.method} from {surrogate}"
        attack = Attack(plan.method, epsilon, plan.steps)
        severity = plan.epsilons.index(epsilon) + 1
        found += _cell(before, np.array(scores), samples, threshold, plan, attack, name, severity, note)
    return tuple(found)


def _cell(
    before: Scores,
    after: Scores,
    samples: Sequence[Sample],
    threshold: float,
    plan: AttackPlan,
    attack: Attack,
    distortion: str,
    severity: int,
    note: str,
) -> list[Measure]:
    labels = np.array([sample.label is Label.FORGED for sample in samples], dtype=np.int64)
    flagged = before > threshold
    mixed = np.where(labels == 1, after, before)
    everything = np.ones(len(labels), dtype=np.bool_)
    tables: list[tuple[Mapping[str, Metric], Scores, NDArray[np.bool_]]] = [
        ({"auc": AUC, **at_threshold(threshold)}, after, everything)
    ]
    if attack.epsilon > 0:
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
                distortion=distortion,
                severity=severity,
                note=note,
                parameter=str(attack),
            )
            for name, interval in found.items()
        ]
    return measures


def _score(detector: Detector, frames: Sequence[Frames], faces: Faces) -> float:
    return float(detector.probabilities(cut_crops(frames, faces.boxes, detector.spec, faces.landmarks)).mean())


def _see(
    corpus: Corpus, sample: Sample, spec: DetectorSpec, per_clip: int, finder: FaceFinder | None
) -> tuple[list[Frames], Faces] | None:
    look, frames = load_frames_with_faces(job_of(corpus, sample, spec, per_clip), finder)
    return None if look.faces is None else (frames, replace(look.faces, frames=np.arange(len(look.faces))))
