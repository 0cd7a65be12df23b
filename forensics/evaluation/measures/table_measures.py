"""Compute measures with level, slice, counts and interval from a table of scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.errors import ScoresError
from forensics.evaluation.metrics import classification as metrics
from forensics.evaluation.metrics.counts import Counts, Floats, Ranking
from forensics.evaluation.metrics.exact_bounds import People
from forensics.evaluation.metrics.intervals import FEWEST_PEOPLE, Interval, bootstrap_intervals, interval_of
from forensics.evaluation.metrics.named_metrics import CALIBRATION, RANKING, RATES, Metric, at_threshold, rate_name
from forensics.evaluation.scores.aggregation import Aggregation
from forensics.evaluation.scores.score_table import EVERYTHING, ScoreTable
from forensics.execution.progress import Report, silent, subrange

from .reports import Level, Measure

COVERED = "covered"
ENOUGH_PEOPLE = 24
"""Number of people from which the bootstrap over people has its nominal coverage (results/intervals.csv)."""
"""The slice of samples in which a face was found; `all` counts the others with a score of 0.5."""

OPERATING_RATE = 0.05
"""False positive rate for which a threshold is chosen on validation data."""


def measure_table(
    table: ScoreTable,
    *,
    seed: int,
    threshold: float | None = None,
    replicates: int = 1000,
    levels: tuple[Level, ...] = tuple(Level),
    aggregation: Aggregation = Aggregation.MEAN,
    slices: Sequence[str] = (),
    report: Report = silent,
) -> tuple[Measure, ...]:
    """Measure a table as a whole and slice by slice, at each level.

    Args:
        table: One row per frame.
        seed: Of the bootstrap.
        threshold: Frozen on validation data; without it no measure at a threshold is made.
        replicates: Of the bootstrap.
        levels: Which levels to measure.
        aggregation: How a video's score follows from its frames'.
        slices: Further slices, such as `method=swap` or `gender=female`.
        report: Progress callback.

    Raises:
        MetricError: If the table holds one class only.
        ScoresError: If a slice is empty, or the aggregation does not suit the scores.
    """
    names = table.slice_names if len(table.slice_names) > 1 else ()
    frames = videos = table
    if Level.VIDEO in levels:
        videos = table.by_video(aggregation)
    if videos is frames:  # one row a video: both levels are the same samples
        found = _measure_level(frames, levels[0], (*names, *slices), threshold, seed, replicates, report)
        return tuple(replace(one, name=f"{one.metric}/{level}", level=level) for level in levels for one in found)
    measures: list[Measure] = []
    rows = {Level.FRAME: frames, Level.VIDEO: videos}
    sizes = np.cumsum([0, *(len(rows[level]) for level in levels)])
    for level, start, end in zip(levels, sizes, sizes[1:], strict=False):
        step = subrange(report, start / sizes[-1], end / sizes[-1])
        measures += _measure_level(rows[level], level, (*names, *slices), threshold, seed, replicates, step)
    return tuple(measures)


def _measure_level(
    table: ScoreTable,
    level: Level,
    names: Sequence[str],
    threshold: float | None,
    seed: int,
    replicates: int,
    report: Report,
) -> list[Measure]:
    """Measure a table and its slices at one level."""
    parts = [EVERYTHING, *names]
    if not table.covered.all() and _has_both(table, table.covered):
        parts.append(COVERED)
    measures: list[Measure] = []
    for number, name in enumerate(parts):
        covered = name == COVERED and number >= len(names) + 1
        part = table.rows(np.flatnonzero(table.covered).tolist()) if covered else table.slice(name)
        step = subrange(report, number / len(parts), (number + 1) / len(parts))
        measures += _measure(part, level, name, threshold, seed, replicates, step)
    measures.append(_coverage(table, level, seed, replicates))
    return measures


def operating_threshold(videos: ScoreTable, rate: float = OPERATING_RATE) -> float:
    """Return the threshold at which at most a share of the genuine samples of validation data is flagged.

    Args:
        videos: Validation data, one row per video.
        rate: The share.

    Raises:
        ScoresError: There is no genuine sample.
    """
    genuine = np.sort(np.asarray(videos.scores, dtype=np.float64)[np.asarray(videos.labels) == 0])
    if not len(genuine):
        raise ScoresError("a threshold wants genuine samples in the validation split")
    return float(genuine[len(genuine) - 1 - int(len(genuine) * rate + 1e-9)])


def warnings_of(
    measures: Sequence[Measure], identities: Sequence[tuple[str, ...]], samples: str = "videos"
) -> tuple[str, ...]:
    """Return warnings about the main measures: too few genuine samples or people, uncovered videos.

    Args:
        measures: Measures of a whole test.
        identities: (N,) identities of each of its samples.
        samples: What a sample is, `videos` or `pictures`.
    """
    found = []
    chief = {
        measure.metric: measure for measure in measures if measure.slice == EVERYTHING and measure.level is Level.VIDEO
    }
    for rate in RATES:
        point = chief.get(rate_name(rate))
        if point is not None and point.note:
            found.append(f"{point.name}: {point.note}")
    people = len({name for names in identities for name in names})
    if "auc" in chief and chief["auc"].low is None:
        found.append("no interval: too few identities carry both classes")
    elif people < ENOUGH_PEOPLE:
        found.append(f"intervals rest on {people} people; with fewer than {ENOUGH_PEOPLE} they may be too narrow")
    if "coverage" in chief and chief["coverage"].value < 1:
        found.append(
            f"no face in {1 - chief['coverage'].value:.1%} of the {samples}; they count as 0.5, and slice "
            f"`{COVERED}` leaves them out"
        )
    return tuple(found)


def _statistics(table: ScoreTable, threshold: float | None) -> dict[str, Metric]:
    found = dict(RANKING)
    if threshold is not None:
        found |= at_threshold(threshold)
    if table.scores.min() >= 0 and table.scores.max() <= 1:
        found |= CALIBRATION
    return found


def _measure(
    table: ScoreTable, level: Level, name: str, threshold: float | None, seed: int, replicates: int, report: Report
) -> list[Measure]:
    rng = np.random.default_rng(seed)
    statistics = _statistics(table, threshold)
    found = bootstrap_intervals(
        statistics, table.labels, table.scores, table.identities, rng, replicates=replicates, report=report
    )
    counts = Ranking(table.labels, table.scores).counts()
    return [_made(metric, level, name, interval, table, _note(metric, counts)) for metric, interval in found.items()]


def _coverage(table: ScoreTable, level: Level, seed: int, replicates: int) -> Measure:
    """Measure the share of samples with a face, and report it for each class; a difference is a warning."""
    seen = table.covered.astype(np.float64)
    share = Metric(_mean_score, people=People.ALL)
    if (seen == seen[0]).all():  # no replicate can differ from the table
        enough = len({name for names in table.identities for name in names}) >= FEWEST_PEOPLE
        value = float(seen[0])
        found = Interval(value, None, None)
        if enough and replicates:
            found = interval_of(value, np.array([value]), share, table.labels, table.identities)
    else:
        rng = np.random.default_rng(seed)
        found = bootstrap_intervals({"share": share}, table.labels, seen, table.identities, rng, replicates=replicates)[
            "share"
        ]
    by_class = [
        f"{seen[np.asarray(table.labels) == label].mean():.3f} of {word}"
        for label, word in ((1, "manipulated"), (0, "genuine"))
        if (np.asarray(table.labels) == label).any()
    ]
    return _made("coverage", level, EVERYTHING, found, table, ", ".join(by_class))


def _mean_score(counts: Counts) -> Floats:
    with np.errstate(invalid="ignore"):
        scores = counts.positive_score_sums[..., -1] + counts.negative_score_sums[..., -1]
        return np.asarray(scores / (counts.n_positive + counts.n_negative))


def _made(metric: str, level: Level, name: str, interval: Interval, table: ScoreTable, note: str) -> Measure:
    n_positive = int((np.asarray(table.labels) == 1).sum())
    return Measure.of(metric, interval, n_positive, len(table) - n_positive, level=level, slice=name, note=note)


def _has_both(table: ScoreTable, rows: NDArray[np.bool_]) -> bool:
    return len(np.unique(np.asarray(table.labels)[rows])) == 2


def _note(metric: str, counts: Counts) -> str:
    if metric == "average_precision":
        return f"prevalence {float(counts.n_positive / (counts.n_positive + counts.n_negative)):.3f}"
    if metric == "eer":
        return f"at threshold {metrics.equal_error_of(counts).threshold:.4f}"
    for rate in RATES:
        if metric == rate_name(rate) and not metrics.is_reliable(counts, rate):
            return f"fewer than ten genuine samples may be flagged at {100 * rate:g} %"
    return ""
