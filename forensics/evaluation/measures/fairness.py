"""Compare a detector between groups of people: measures of groups, gaps, and the probability of a gap by chance.

Groups come from the data set's own annotations; nothing here guesses an attribute from a picture. A gap between groups
is never below 0, and small groups differ by chance alone. Therefore every gap has a p-value from a permutation of the
attribute over people, groups with few files are named and left out, and intervals resample people, not files. A group
of fewer than five people has no interval, and neither has a gap to it; a rate of 0 or 1 in every replicate has exact
bounds over the group's people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.metrics.counts import Floats, Ranking
from forensics.evaluation.metrics.exact_bounds import People
from forensics.evaluation.metrics.intervals import FEWEST_PEOPLE, Interval, interval_of
from forensics.evaluation.metrics.named_metrics import AUC, RANKING, Metric, at_threshold
from forensics.evaluation.metrics.resampling import IdentityWeights
from forensics.evaluation.scores.aggregation import Aggregation
from forensics.evaluation.scores.score_table import ScoreTable

from .reports import Measure

SMALLEST = 10
"""Number of files of either class below which a group is left out."""

CROSSED = "×"
_MOST_UNDEFINED = 0.1
_GAPS = ("auc", "eer", "fpr", "tpr")


@dataclass(frozen=True, slots=True)
class Fairness:
    """The measures of groups and gaps, and a sentence on every group that was left out."""

    measures: tuple[Measure, ...]
    warnings: tuple[str, ...]


def measure_fairness(
    table: ScoreTable,
    *,
    seed: int,
    threshold: float | None,
    replicates: int = 1000,
    smallest: int = SMALLEST,
    crossed: bool = False,
    aggregation: Aggregation = Aggregation.MEAN,
) -> Fairness:
    """Measure every group of every attribute separately, and the gaps between the groups of one attribute.

    The measures of each group, with a slice such as `gender=female`, are `auc`, `eer` and, at the threshold,
    `balanced_accuracy`, `fpr`, `tpr` and `fnr`. The measures of each attribute, with a slice such as `gender`, are
    `auc_gap`, `eer_gap`, `fpr_gap` and `tpr_gap`, the largest minus the smallest value of the groups; `f_eo` = Σ |FPR_g
    − FPR| + |TPR_g − TPR| over the groups (equalised odds) and `f_efpr` = Σ |FPR_g − FPR| (equal false positive rate;
    Ju et al. 2024, Lin et al. 2025), where FPR and TPR are of all groups together. All measures are at video level.

    Args:
        table: A table with attributes; rows whose attribute is unknown belong to no group.
        seed: Seed of the bootstrap and the permutation.
        threshold: Frozen on validation data; None leaves out the measures that need one.
        replicates: Replicates of the bootstrap and of the permutation.
        smallest: Least number of files of each class in a group.
        crossed: Whether to measure pairs of attributes too, such as `age×gender`.
        aggregation: Aggregation of frame scores into a video's score.
    """
    videos = table.by_video(aggregation)
    columns = dict(videos.attributes)
    if crossed:
        columns |= {
            f"{one}{CROSSED}{other}": tuple(
                f"{a}{CROSSED}{b}" if a and b else "" for a, b in zip(columns[one], columns[other], strict=True)
            )
            for one, other in combinations(sorted(videos.attributes), 2)
        }
    measures: list[Measure] = []
    warnings: list[str] = []
    for name, column in columns.items():
        groups, left_out = _groups(np.array(column, dtype=object), np.asarray(videos.labels), smallest)
        if left_out:
            few = ", ".join(f"{value} ({forged} forged, {genuine} genuine)" for value, forged, genuine in left_out)
            warnings.append(f"{name}: left out for fewer than {smallest} files of a class: {few}")
        if groups:
            attribute = _Attribute(name, groups, videos, threshold)
            measures += attribute.measures(seed, replicates)
            if few := ", ".join(
                f"{value} ({count})" for value, count in attribute.people.items() if count < FEWEST_PEOPLE
            ):
                warnings.append(f"{name}: no intervals for groups of fewer than {FEWEST_PEOPLE} people: {few}")
        if len(groups) < 2:
            warnings.append(f"{name}: fewer than two groups are large enough, so no gap is measured")
    return Fairness(tuple(measures), tuple(warnings))


def _groups(
    column: NDArray[np.object_], labels: NDArray[np.integer], smallest: int
) -> tuple[dict[str, NDArray[np.bool_]], list[tuple[str, int, int]]]:
    """Return the rows of each group that is large enough, and name and counts of each other group."""
    large: dict[str, NDArray[np.bool_]] = {}
    small: list[tuple[str, int, int]] = []
    for value in sorted({str(found) for found in column if found}):
        inside = np.asarray(column == value, dtype=np.bool_)
        forged = int(labels[inside].sum())
        genuine = int(inside.sum()) - forged
        if min(forged, genuine) >= smallest:
            large[value] = inside
        else:
            small.append((value, forged, genuine))
    return large, small


class _Attribute:
    """The groups of one attribute."""

    def __init__(
        self, name: str, groups: Mapping[str, NDArray[np.bool_]], videos: ScoreTable, threshold: float | None
    ) -> None:
        known = np.flatnonzero(np.logical_or.reduce(list(groups.values())))
        rows = known[Ranking(videos.labels[known], videos.scores[known]).order]  # by score, as counting requires
        self._name, self._videos = name, videos.rows(rows.tolist())
        self._masks = {value: inside[rows].astype(np.float64) for value, inside in groups.items()}
        self._metrics: dict[str, Metric] = {"auc": AUC, "eer": RANKING["eer"]}
        if threshold is not None:
            rates = at_threshold(threshold)
            self._metrics |= rates | {
                "fnr": Metric(lambda counts: 1 - rates["tpr"].of(counts), people=People.MANIPULATED)
            }
        self._ranking = Ranking(self._videos.labels, self._videos.scores)
        looks = np.array([names[0] for names in self._videos.identities], dtype=object)
        self.people = {value: len(set(looks[inside > 0])) for value, inside in self._masks.items()}

    def measures(self, seed: int, replicates: int) -> list[Measure]:
        ones = np.ones((1, len(self._videos)))
        rng = np.random.default_rng(seed)
        people = IdentityWeights(self._videos.identities, len(self._videos))
        masks = np.stack(list(self._masks.values()))
        drawn = people.weights(people.draw(rng, replicates)) if people.count > 1 else None
        values = self._of_groups(ones, masks[:, None])
        spread = None if drawn is None else self._of_groups(drawn, masks[:, None])
        measures = [
            self._of_group(metric, value, found[row, 0], None if spread is None else spread[metric][row])
            for row, value in enumerate(self._masks)
            for metric, found in values.items()
        ]
        if len(self._masks) > 1:
            measures += self._gaps(ones, drawn, values, spread, self._dealt(masks, rng, replicates))
        return measures

    def _of_groups(self, weights: Floats, masks: Floats) -> dict[str, Floats]:
        """Return each metric of each group, (groups, replicates), from weights (replicates, N)."""
        counts = [self._ranking.counts(weights * mask) for mask in masks]
        return {name: np.stack([metric.of(one) for one in counts]) for name, metric in self._metrics.items()}

    def _gaps(
        self,
        ones: Floats,
        drawn: Floats | None,
        values: Mapping[str, Floats],
        spread: Mapping[str, Floats] | None,
        dealt: tuple[Floats, str],
    ) -> list[Measure]:
        found = self._differences(values, ones)
        drawn_gaps = None if spread is None or drawn is None else self._differences(spread, drawn)
        chance = self._differences(self._of_groups(ones, dealt[0]), ones)
        names = list(self._masks)
        measures = []
        for gap, value in found.items():
            by_chance = chance[gap][~np.isnan(chance[gap])]
            p_value = (1 + (by_chance >= value[0] - 1e-12).sum()) / (1 + len(by_chance))
            note = f"p {p_value:.3f} if {self._name} were dealt to other {dealt[1]}"
            metric = gap.removesuffix("_gap")
            if metric in values:
                order = np.argsort(values[metric][:, 0])
                note += f"; highest {names[order[-1]]}, lowest {names[order[0]]}"
            measures.append(self._of_gap(gap, value[0], None if drawn_gaps is None else drawn_gaps[gap], note))
        return measures

    def _differences(self, values: Mapping[str, Floats], weights: Floats) -> dict[str, Floats]:
        """Return each gap, (replicates,), from the metrics of the groups, (groups, replicates)."""
        gaps = {f"{name}_gap": np.ptp(values[name], axis=0) for name in _GAPS if name in values}
        if "fpr" in values:
            counts = self._ranking.counts(weights)
            away = {name: np.abs(values[name] - self._metrics[name].of(counts)).sum(0) for name in ("fpr", "tpr")}
            gaps |= {"f_eo": away["fpr"] + away["tpr"], "f_efpr": away["fpr"]}
        return gaps

    def _dealt(self, masks: Floats, rng: np.random.Generator, replicates: int) -> tuple[Floats, str]:
        """Permute the attribute; return (groups, replicates, N) masks, and whether people or files were permuted."""
        group_of = masks.argmax(0)
        looks = [names[0] for names in self._videos.identities]
        person_of = np.unique(looks, return_inverse=True)[1]
        first = np.unique(person_of, return_index=True)[1]
        of_people = bool((group_of[first][person_of] == group_of).all())
        source, place = (group_of[first], person_of) if of_people else (group_of, np.arange(len(group_of)))
        dealt = np.stack([rng.permutation(source)[place] for _ in range(replicates)])
        return np.stack([(dealt == group).astype(np.float64) for group in range(len(masks))]), (
            "people" if of_people else "files"
        )

    def _of_group(self, metric: str, group: str, value: float, spread: Floats | None) -> Measure:
        """Return a measure of one group, with an interval from the people in it."""
        inside = self._masks[group] > 0
        drawn = None if self.people[group] < FEWEST_PEOPLE else _defined(spread)
        identities = [names for names, there in zip(self._videos.identities, inside, strict=True) if there]
        labels = np.asarray(self._videos.labels)[inside]
        interval = (
            Interval(float(value), None, None)
            if drawn is None
            else interval_of(float(value), drawn, self._metrics[metric], labels, identities)
        )
        forged = int(labels.sum())
        return Measure.of(metric, interval, forged, len(labels) - forged, slice=f"{self._name}={group}")

    def _of_gap(self, gap: str, value: float, spread: Floats | None, note: str) -> Measure:
        """Return a gap; it has an interval where every group has enough people and the gap varies."""
        drawn = None if min(self.people.values()) < FEWEST_PEOPLE else _defined(spread)
        low, high = (None, None) if drawn is None or np.ptp(drawn) == 0 else np.percentile(drawn, (2.5, 97.5)).tolist()
        forged = int(self._videos.labels.sum())
        interval = Interval(float(value), low, high)
        return Measure.of(gap, interval, forged, len(self._videos) - forged, slice=self._name, note=note)


def _defined(spread: Floats | None) -> Floats | None:
    """Return the defined replicates, None where too many are undefined."""
    if spread is None or np.isnan(spread).mean() > _MOST_UNDEFINED:
        return None
    return np.asarray(spread[~np.isnan(spread)])
