"""Turn what a probe found into measures of a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation import AUC, EvalReport, Measure, bootstrap_intervals

Floats = NDArray[np.float64]

SUSPICIOUS = 0.6
"""AUC from which on something beside manipulation gives the class away."""

FEWEST = 20
"""Files of each class below which an AUC says nothing."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a probe found.

    Attributes:
        probe: `metadata`, `codec`, `identity` or `mark`.
        protocol: How it was made.
        measures: Its numbers.
        warnings: What follows for the detectors measured on the same corpus.
    """

    probe: str
    protocol: str
    measures: tuple[Measure, ...]
    warnings: tuple[str, ...] = ()

    def report(self, corpus: str, seed: int) -> EvalReport:
        """Give it as a report of its own, under the name `probe:<probe>`."""
        return EvalReport(
            corpus, f"probe:{self.probe}", self.protocol, seed, self.measures, sealed=False, warnings=self.warnings
        )


def auc_measure(
    name: str,
    slice: str,
    labels: NDArray[np.integer],
    scores: Floats,
    identities: Sequence[tuple[str, ...]],
    *,
    seed: int,
    replicates: int,
    note: str = "",
) -> Measure:
    """Give the AUC of scores with an interval that draws people."""
    rng = np.random.default_rng(seed)
    found = bootstrap_intervals({name: AUC}, labels, scores, identities, rng, replicates=replicates)[name]
    n_positive = int(np.sum(labels))
    return Measure.of(name, found, n_positive, len(labels) - n_positive, slice=slice, note=note)


def in_words(measure: Measure) -> str:
    """Write a measure's value with its interval for a sentence."""
    if measure.low is None or measure.high is None:
        return f"{measure.value:.2f}"
    return f"{measure.value:.2f} ({measure.low:.2f} to {measure.high:.2f})"


def gives_away(measure: Measure) -> bool:
    """Whether an AUC rests on enough files, is above `SUSPICIOUS`, and its interval, where it has one, above a half."""
    enough = min(measure.n_positive, measure.n_negative) >= FEWEST
    return enough and measure.value > SUSPICIOUS and (measure.low is None or measure.low > 0.5)
