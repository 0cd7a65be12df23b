"""Compute the rows of results/claims.csv from rendered frames."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.paper_claims.bench import Bench, Measured
from benchmarks.paper_claims.cases import DOMAINS
from benchmarks.paper_claims.findings import ARMS, BASELINE, CONTRASTS, Finding, differences, find, gain_between, level
from forensics.evaluation import Interval, holm

HEADER = [
    "kind", "family", "domain", "measure", "region", "arm", "value", "low", "high", "p_value", "p_holm", "seeds",
    "n_identities", "n_frames", "judge",
]  # fmt: skip

PRIMARY = (
    ("alignment", "shape_distance/whole"), ("alignment", "shape_leak/whole"),
    ("alignment", "identity_similarity/whole"), ("adapter", "expression_distance/whole"),
    ("adapter", "expression_carried/whole"), ("both over baseline", "psnr_db/whole"),
    ("both over alignment alone", "psnr_db/whole"), ("both over adapter alone", "psnr_db/whole"),
)  # fmt: skip
"""The contrasts and measures that decide the claims, in each domain; chosen before anything was measured."""
BEYOND = ("shape_distance/whole", "expression_distance/whole", "psnr_db/whole")
"""Measures whose joint gain over the baseline is compared between the domains."""

Row = list[object]


def rows(bench: Bench, rng: np.random.Generator) -> Iterator[Row]:
    """Yield the rows of the results file."""
    measured, standards = bench.measured(), bench.standards()
    for some in (measured, standards):
        yield from _levels(bench, bench.plan.family.name, some, rng)
    yield from _tests(bench, bench.plan.family.name, measured, rng)


def _levels(bench: Bench, family: str, measured: Measured, rng: np.random.Generator) -> Iterator[Row]:
    for arm, tables in measured.arms.items():
        for name, table in tables.items():
            for domain in DOMAINS:
                where = bench.domain(domain)
                means = table[:, where].mean(0)
                kept = np.isfinite(means)
                if not kept.any():
                    continue
                found = level(means[kept], rng)
                seeds = " ".join(f"{value:.4g}" for value in table[:, where][:, kept].mean(1))
                yield [
                    "level", family, domain, *name.split("/"), arm, *_bounds(found), None, None, seeds,
                    int(kept.sum()), measured.frames[arm, name, domain], bench.judge.digest[:12],
                ]  # fmt: skip


def _tests(bench: Bench, family: str, measured: Measured, rng: np.random.Generator) -> Iterator[Row]:
    """Yield every difference, and Holm's p-values for those that decide a claim."""
    found: list[tuple[str, Finding]] = []  # each with its domain
    for domain in DOMAINS:
        where = bench.domain(domain)
        for name in measured.arms[BASELINE]:
            arms = {arm: measured.arms[arm][name][:, where] for arm in ARMS}
            for contrast in CONTRASTS:
                if np.isfinite(differences(arms, CONTRASTS[contrast])).all(0).any():
                    found.append((domain, find(contrast, name, arms, rng)))
    first, second = (bench.domain(domain) for domain in DOMAINS)
    for name in BEYOND:
        table = differences({arm: measured.arms[arm][name] for arm in ARMS}, CONTRASTS["both over baseline"])
        interval, p_value = gain_between(table[:, second].mean(0), table[:, first].mean(0), rng)
        seeds = tuple(float(one[second].mean() - one[first].mean()) for one in table)
        found.append(
            ("held-out less seen", Finding("both over baseline", name, interval, p_value, seeds, table.shape[1]))
        )
    chosen = [i for i, (place, one) in enumerate(found) if (one.contrast, one.measure) in PRIMARY or "less" in place]
    adjusted = dict(zip(chosen, holm([found[i][1].p_value for i in chosen]), strict=True))
    for index, (place, one) in enumerate(found):
        yield [
            "difference", family, place, *one.measure.split("/"), one.contrast, *_bounds(one.interval),
            _cell(one.p_value), _cell(adjusted.get(index)), " ".join(f"{value:.4g}" for value in one.seeds),
            one.identities, None, bench.judge.digest[:12],
        ]  # fmt: skip


def _bounds(interval: Interval) -> tuple[str, str, str]:
    return _cell(interval.value), _cell(interval.low), _cell(interval.high)


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
