"""Turn what the trail measured into what the report shows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from .corpus import Label
from .distortions import find_distortion
from .evaluation import Interval, ScoreTable, delong_test, tpr_at_fpr
from .evaluation import Measure as Measured
from .evaluation.intervals import bootstrap_intervals
from .evaluation.metrics import Floats, Labels
from .installation import PACKAGES, installed_version, machine
from .reporting import (
    ControlRow,
    Estimate,
    GalleryRow,
    HeatMap,
    HeatRow,
    Histogram,
    KeyNumber,
    Measure,
    ProvenanceRow,
    ReportContents,
    Reproduction,
    RocCurve,
    StageTime,
)
from .scoring import ControlShift

TITLES = {
    "before": "before: self-blended fakes only",
    "after": "after: retrained on forgeries",
}
NAMES = {
    "auc": "AUC",
    "eer": "equal error rate",
    "tpr_at_fpr_5": "true positives at 5 % false",
    "balanced_accuracy": "balanced accuracy",
    "brier": "Brier score",
}
SYMBOLS = {"jpeg": "quality ", "webp": "quality ", "h264": "crf ", "blur": "σ ", "resize": "× ", "noise": "σ "}
RATES = np.linspace(0.0, 1.0, 41)
REPLICATES = 300


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Everything measured about one detector.

    Attributes:
        name: `before` or `after`.
        table: Scores of the main slice, one row for each frame.
        measures: Of that table.
        grid: Of the robustness grid.
        shift: Of the control slice.
        marked_auc: AUC at video level of forged against control samples.
    """

    name: str
    table: ScoreTable
    measures: tuple[Measured, ...]
    grid: tuple[Measured, ...]
    shift: ControlShift
    marked_auc: Measured

    @property
    def title(self) -> str:
        """Its name in the report."""
        return TITLES.get(self.name, self.name)

    @property
    def auc(self) -> Measured:
        """Its AUC at video level."""
        return next(measure for measure in self.measures if measure.name == "auc/video")


def describe_trail(
    out: Path,
    seed: int,
    scored: Sequence[Scored],
    gallery: tuple[GalleryRow, ...],
    provenance: tuple[ProvenanceRow, ...],
    stages: tuple[StageTime, ...],
) -> ReportContents:
    """Put the report together.

    Args:
        out: The results folder, as the user named it.
        seed: Of the run.
        scored: The detectors, before and after retraining.
        gallery: Forgeries to show.
        provenance: What every output said when read back.
        stages: Time of each stage.
    """
    return ReportContents(
        title="What a detector learns from the forgeries it is shown",
        summary=summarise(scored, provenance),
        created=dt.date.today().isoformat(),
        key_numbers=key_numbers(scored, provenance),
        gallery=gallery,
        curves=tuple(roc_curve(one, seed) for one in scored),
        histograms=tuple(_histogram(one) for one in scored),
        detectors=tuple(one.name for one in scored),
        measures=tuple(_rows(scored)),
        robustness=tuple(heat_map(one) for one in scored),
        control=tuple(control_row(one) for one in scored),
        provenance=provenance,
        stages=stages,
        reproduction=Reproduction(
            command=f"facetrail demo --out {out} --seed {seed}",
            seed=seed,
            versions=tuple((name, installed_version(name) or "absent") for name in PACKAGES),
            machine=machine(),
        ),
    )


def summarise(scored: Sequence[Scored], provenance: Sequence[ProvenanceRow]) -> str:
    """Say in a paragraph what was done and what came out, whatever it is."""
    first, last = scored[0], scored[-1]
    identities = len({name for names in last.table.identities for name in names})
    one, other = last.table.by_video(), first.table.by_video()
    test = delong_test(one.labels, one.scores, other.scores)
    change = "a difference that chance explains poorly" if test.distinguishable else "not distinguishable"
    return (
        f"Puppets were animated across identities; every output was marked and signed, {len(provenance)} files in all. "
        f"A detector that had seen only self-blended fakes scored {one.labels.size} clips and stills of {identities} "
        f"unseen identities at AUC {first.auc.value:.2f}. Retrained on forgeries of other identities, it scored the "
        f"same files at {last.auc.value:.2f}: {change} (DeLong p\N{NO-BREAK SPACE}{_p_value(test.p_value)})."
    )


def key_numbers(scored: Sequence[Scored], provenance: Sequence[ProvenanceRow]) -> tuple[KeyNumber, ...]:
    """Choose the numbers for the top of the page."""
    as_sealed = sum(row.as_sealed for row in provenance)
    last = scored[-1].shift
    return (
        *(KeyNumber(f"AUC {one.name}", f"{one.auc.value:.3f}", f"{_range(one.auc)}, video") for one in scored),
        KeyNumber("shift by the mark", f"{last.shift.value:+.3f}".replace("-", "−"), f"{last.pairs} genuine pairs"),
        KeyNumber("read back as sealed", f"{as_sealed} of {len(provenance)}", "mark and credential"),
    )


def roc_curve(scored: Scored, seed: int) -> RocCurve:
    """Draw the video-level ROC with a band from a bootstrap over identities."""
    videos = scored.table.by_video()
    found = bootstrap_intervals(
        {f"{rate:.3f}": partial(_tpr, rate=float(rate)) for rate in RATES},
        videos.labels,
        videos.scores,
        videos.identities,
        np.random.default_rng(seed),
        replicates=REPLICATES,
    )
    points = [found[f"{rate:.3f}"] for rate in RATES]
    return RocCurve(
        name=scored.title,
        fpr=tuple(float(rate) for rate in RATES),
        tpr=tuple(point.value for point in points),
        low=tuple(point.value if point.low is None else point.low for point in points),
        high=tuple(point.value if point.high is None else point.high for point in points),
        auc=_estimate(scored.auc),
    )


def heat_map(scored: Scored) -> HeatMap:
    """Arrange the AUCs of the robustness grid."""
    cells = [measure for measure in scored.grid if measure.name == "auc/video"]
    clean = next(cell for cell in cells if cell.severity == 0)
    names = dict.fromkeys(cell.distortion for cell in cells if cell.severity > 0)
    rows = tuple(
        HeatRow(
            distortion=name,
            severities=tuple(_level(name, cell.severity) for cell in cells if cell.distortion == name),
            values=tuple(_estimate(cell) for cell in cells if cell.distortion == name),
        )
        for name in names
    )
    return HeatMap(scored.title, _estimate(clean), rows)


def control_row(scored: Scored) -> ControlRow:
    """Word what the control slice says about one detector."""
    shift = scored.shift.shift
    if shift.low is None or shift.high is None:
        verdict = "too few identities for an interval."
    elif shift.low <= 0.0 <= shift.high:
        verdict = "the interval holds zero; marking alone does not visibly move the score."
    elif shift.value > 0.0:
        verdict = "marking alone raises the score; part of the separation may be the mark."
    else:
        verdict = "marking alone lowers the score, so it does not explain the separation."
    return ControlRow(
        detector=scored.title,
        pairs=scored.shift.pairs,
        plain=scored.shift.plain,
        marked=scored.shift.marked,
        shift=Estimate(shift.value, shift.low, shift.high),
        auc=_estimate(scored.marked_auc),
        verdict=verdict,
    )


def _histogram(scored: Scored) -> Histogram:
    videos = scored.table.by_video()
    by_label = {
        label: tuple(float(score) for score in videos.scores[videos.labels == number])
        for number, label in enumerate((Label.GENUINE, Label.FORGED))
    }
    return Histogram(scored.title, by_label[Label.GENUINE], by_label[Label.FORGED])


def _rows(scored: Sequence[Scored]) -> Iterator[Measure]:
    """Put the detectors' measures side by side; all were scored on the same samples."""
    for measure in sorted(scored[0].measures, key=lambda measure: measure.level, reverse=True):
        metric = measure.name.partition("/")[0]
        if metric not in NAMES or measure.slice != "all":
            continue
        beside = [next(found for found in one.measures if found.name == measure.name) for one in scored]
        yield Measure(
            name=NAMES[metric],
            level=measure.level.value,
            estimates=tuple(_estimate(found) for found in beside),
            n_positive=measure.n_positive,
            n_negative=measure.n_negative,
        )


def _tpr(labels: Labels, scores: Floats, *, rate: float) -> float:
    return tpr_at_fpr(labels, scores, rate).tpr if rate < 1.0 else 1.0


def _level(name: str, severity: int) -> str:
    spec = find_distortion(name)
    return f"{SYMBOLS.get(name, '')}{spec.levels[severity - 1]:g}"


def _estimate(measure: Measured) -> Estimate:
    return Estimate(measure.value, measure.low, measure.high)


def _range(interval: Measured | Interval) -> str:
    return "no interval" if interval.low is None else f"{interval.low:.2f} to {interval.high:.2f}"


def _p_value(value: float) -> str:
    return ("< 0.001" if value < 0.001 else f"= {value:.3f}").replace(" ", "\N{NO-BREAK SPACE}")
