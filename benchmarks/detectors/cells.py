"""Combine the runs of several seeds on one forgery, with intervals over people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.detectors.runs import Run
from forensics.corpus import Slice
from forensics.evaluation import AUC, Metric, ScoreTable, Term, at_threshold, contrast

HEADER = ("measure", "value", "low", "high", "spread", "seeds", "n_forged", "n_genuine")
REPLICATES = 2000


@dataclass(frozen=True, slots=True)
class Cell:
    """One measure over the seeds, in the order of `HEADER`.

    Attributes:
        measure: Name and level.
        value: Mean over the seeds.
        low: Lower end of the 95 % interval over people, None where there is none.
        high: Upper end of that interval.
        spread: Standard deviation over the seeds.
        seeds: Number of seeds.
        forged: Number of forged clips.
        genuine: Number of genuine clips.
    """

    measure: str
    value: float
    low: float | None
    high: float | None
    spread: float
    seeds: int
    forged: int
    genuine: int


def auc_on(videos: Sequence[ScoreTable], method: str) -> Cell:
    """Return the AUC of one forgery's clips against plain genuine clips, from one table for each seed."""
    return _cell("auc/video", [[(1.0, AUC, _against_genuine(table, method))] for table in videos])


def auc_change(before: Sequence[ScoreTable], after: Sequence[ScoreTable], method: str) -> Cell:
    """Return the increase of the AUC on one forgery between runs of the same seeds."""
    pairs = [tuple(_against_genuine(table, method) for table in pair) for pair in zip(before, after, strict=True)]
    return _cell("auc_change/video", [[(-1.0, AUC, first), (1.0, AUC, second)] for first, second in pairs])


def flagged(runs: Sequence[Run], *slices: Slice) -> Cell:
    """Return the share of genuine clips above each run's fitted threshold; for two slices, second minus first."""
    signs, name = ((1.0,), "fpr/video") if len(slices) == 1 else ((-1.0, 1.0), "fpr_change/video")
    sums = []
    for run in runs:
        metric = at_threshold(run.threshold)["fpr"]
        tables = [_genuine(run.videos, slice) for slice in slices]
        sums.append([(sign, metric, table) for sign, table in zip(signs, tables, strict=True)])
    return _cell(name, sums)


def _cell(name: str, sums: Sequence[Sequence[tuple[float, Metric, ScoreTable]]]) -> Cell:
    """Average weighted sums of metrics over seeds; all tables contain the same people in the same order."""
    first = sums[0][0][2]
    labels = np.asarray(first.labels)
    if any(table.identities != first.identities for terms in sums for _, _, table in terms):
        raise ValueError("the runs were scored on different clips")
    terms = [Term(sign / len(sums), metric, table.scores) for each in sums for sign, metric, table in each]
    found = contrast(terms, labels, first.identities, np.random.default_rng(0), replicates=REPLICATES)
    by_seed = [sum(sign * metric(labels, table.scores) for sign, metric, table in each) for each in sums]
    spread = float(np.std(by_seed, ddof=1)) if len(sums) > 1 else 0.0
    forged = int(labels.sum())
    return Cell(name, found.value, found.low, found.high, spread, len(sums), forged, len(labels) - forged)


def _against_genuine(videos: ScoreTable, method: str) -> ScoreTable:
    kept = [row for row, name in enumerate(videos.methods) if name == method or _is_plain(videos, row)]
    return videos.rows(kept)


def _genuine(videos: ScoreTable, slice: Slice) -> ScoreTable:
    rows = [row for row, name in enumerate(videos.slices) if name == slice.value and not videos.labels[row]]
    return videos.rows(sorted(rows, key=lambda row: videos.identities[row]))


def _is_plain(videos: ScoreTable, row: int) -> bool:
    return not videos.labels[row] and videos.slices[row] == Slice.MAIN.value
