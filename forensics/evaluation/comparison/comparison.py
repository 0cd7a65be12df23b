"""Compare detectors on the same videos, pair by pair, and report which differences are not significant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from forensics.evaluation.errors import MetricError, ScoresError
from forensics.evaluation.measures.reports import Comparison
from forensics.evaluation.metrics.named_metrics import AUC
from forensics.evaluation.scores.score_table import ScoreTable
from forensics.evaluation.text import columns
from forensics.execution.progress import Report, silent, subrange

from .joint_tests import difference_intervals, permutation_tests
from .paired_tests import delong_of, exchange_clusters, holm, placements_of

INDISTINCT = "not distinguishable"


def compare_all(
    videos: Mapping[str, ScoreTable],
    *,
    seed: int,
    replicates: int = 1000,
    permutations: int = 2000,
    report: Report = silent,
) -> tuple[Comparison, ...]:
    """Compare every detector with every other by AUC per video, corrected by Holm for the number of comparisons.

    Args:
        videos: One row per video, by detector; all contain the same videos.
        seed: Seed of draws and permutations.
        replicates: Number of draws for the intervals.
        permutations: Number of swaps for the p-values.
        report: Progress callback.

    Raises:
        ScoresError: Two detectors were not scored on the same videos.
        MetricError: A class is missing.
    """
    names = list(videos)
    first = videos[names[0]]
    others = [matched(names[0], first, name, videos[name]) for name in names[1:]]
    found = list(_compared(names, [first, *others], seed, replicates, permutations, report))
    tested = [index for index, one in enumerate(found) if one.p_permutation is not None]
    p_values = [found[index].p_permutation or 0.0 for index in tested]
    for index, adjusted in zip(tested, holm(p_values), strict=True):
        found[index] = replace(found[index], p_adjusted=adjusted)
    return tuple(found)


def compare(
    first_name: str,
    first: ScoreTable,
    second_name: str,
    second: ScoreTable,
    *,
    seed: int,
    replicates: int = 1000,
    permutations: int = 2000,
) -> Comparison:
    """Compare two detectors by AUC per video.

    Args:
        first_name: Name of the first detector.
        first: Its scores, one row per video.
        second_name: Name of the second detector.
        second: Its scores of the same videos, in any order.
        seed: Seed of draws and permutations.
        replicates: Number of draws for the interval.
        permutations: Number of swaps for the p-value.

    Raises:
        ScoresError: The videos differ.
        MetricError: A class is missing.
    """
    tables = [first, matched(first_name, first, second_name, second)]
    (found,) = _compared([first_name, second_name], tables, seed, replicates, permutations, silent)
    return found


def _compared(
    names: Sequence[str],
    tables: Sequence[ScoreTable],
    seed: int,
    replicates: int,
    permutations: int,
    report: Report,
) -> Iterator[Comparison]:
    """Yield the comparison of each pair of tables, whose rows are the same videos in the same order."""
    labels, identities = tables[0].labels, tables[0].identities
    scores = [np.asarray(table.scores, dtype=np.float64) for table in tables]
    intervals = difference_intervals(
        labels, scores, identities, np.random.default_rng(seed), replicates=replicates, report=subrange(report, 0, 0.5)
    )
    clusters, unlinked = exchange_clusters(identities)
    p_values = permutation_tests(
        labels, scores, clusters, lambda: np.random.default_rng(seed + 1), permutations=permutations,
        report=subrange(report, 0.5, 0.95),
    )  # fmt: skip
    n_positive = int((labels == 1).sum())
    areas = [AUC(labels, one) for one in scores]
    placements = [placements_of(labels, one) for one in scores]
    for one, other in combinations(range(len(names)), 2):
        interval, p_permutation = intervals[one, other], p_values[one, other]
        try:
            p_delong: float | None = delong_of(areas[one], areas[other], placements[one], placements[other]).p_value
        except MetricError:
            p_delong = None
        yield Comparison(
            first=names[one],
            second=names[other],
            name="auc/video",
            first_value=areas[one],
            second_value=areas[other],
            difference=interval.value,
            low=interval.low,
            high=interval.high,
            p_delong=p_delong,
            p_permutation=p_permutation,
            p_adjusted=p_permutation,
            n_positive=n_positive,
            n_negative=len(labels) - n_positive,
            clusters=int(clusters.max()) + 1,
            note="" if unlinked else "videos are linked through shared identities; swapped by their first identity",
        )


def matched(first_name: str, first: ScoreTable, second_name: str, second: ScoreTable) -> ScoreTable:
    """Return the second table in the order of the first.

    Args:
        first_name: Name of the first detector, for error messages.
        first: One row per video.
        second_name: Name of the second detector.
        second: One row per video.

    Raises:
        ScoresError: The videos differ, or a video has two labels.
    """
    if second.videos == first.videos:
        return _of_the_same_labels(first_name, first, second_name, second)
    place = {video: row for row, video in enumerate(second.videos)}
    missing = [video for video in first.videos if video not in place]
    extra = set(place) - set(first.videos)
    if missing or extra:
        example = missing[0] if missing else min(extra)
        raise ScoresError(
            f"{first_name} and {second_name} were not scored on the same videos: {len(missing)} only in the first, "
            f"{len(extra)} only in the second, {len(first) - len(missing)} in both, for instance {example!r}; score "
            "both on one corpus"
        )
    ordered = second.rows([place[video] for video in first.videos])
    return _of_the_same_labels(first_name, first, second_name, ordered)


def _of_the_same_labels(first_name: str, first: ScoreTable, second_name: str, ordered: ScoreTable) -> ScoreTable:
    """Return the second table, whose videos are those of the first, if it has the same labels."""
    unlike = np.flatnonzero(ordered.labels != first.labels)
    if len(unlike):
        raise ScoresError(
            f"{first_name} and {second_name} disagree on the label of {len(unlike)} videos, for instance "
            f"{first.videos[unlike[0]]!r}"
        )
    return ordered


def verdict(comparison: Comparison) -> str:
    """Return in words which of two detectors is better, or that they cannot be distinguished."""
    if not comparison.distinguishable:
        return INDISTINCT
    better = comparison.first if comparison.difference > 0 else comparison.second
    return f"{better} is better"


def describe_comparisons(comparisons: Sequence[Comparison]) -> str:
    """Return comparisons as a table for people."""
    rows: list[tuple[str, ...]] = [
        ("detectors", "AUC/video", "difference", "95 % interval", "p DeLong", "p permuted", "p Holm", "verdict")
    ]
    for one in comparisons:
        interval = "none" if one.low is None or one.high is None else f"{one.low:+.3f} to {one.high:+.3f}"
        rows.append(
            (
                f"{one.first} : {one.second}",
                f"{one.first_value:.3f} : {one.second_value:.3f}",
                f"{one.difference:+.3f}",
                interval,
                *(_p_value(value) for value in (one.p_delong, one.p_permutation, one.p_adjusted)),
                verdict(one),
            )
        )
    notes = dict.fromkeys(one.note for one in comparisons if one.note)
    first = comparisons[0]
    counts = (
        f"{first.n_positive} manipulated and {first.n_negative} genuine videos, {first.clusters} groups of identities"
    )
    return "\n".join((columns(rows), counts, *notes))


def _p_value(value: float | None) -> str:
    return "–" if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"
