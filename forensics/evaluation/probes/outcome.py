"""Build the measures of a report from the result of a probe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation import AUC, EvalReport, Measure, bootstrap_intervals

Floats = NDArray[np.float64]

SUSPICIOUS = 0.6
"""AUC from which something other than manipulation reveals the class."""

FEWEST = 20
"""Number of files of each class below which an AUC has no meaning."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a probe.

    Attributes:
        probe: `metadata`, `codec`, `identity` or `mark`.
        protocol: The protocol of the probe.
        measures: Its measures.
        warnings: Consequences for the detectors measured on the same corpus.
    """

    probe: str
    protocol: str
    measures: tuple[Measure, ...]
    warnings: tuple[str, ...] = ()

    def report(self, corpus: str, seed: int) -> EvalReport:
        """Return the result as a separate report, under the name `probe:<probe>`."""
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
    """Return the AUC of scores with an interval that resamples people."""
    rng = np.random.default_rng(seed)
    found = bootstrap_intervals({name: AUC}, labels, scores, identities, rng, replicates=replicates)[name]
    n_positive = int(np.sum(labels))
    return Measure.of(name, found, n_positive, len(labels) - n_positive, slice=slice, note=note)


def in_words(measure: Measure) -> str:
    """Return a measure's value with its interval as part of a sentence."""
    if measure.low is None or measure.high is None:
        return f"{measure.value:.2f}"
    return f"{measure.value:.2f} ({measure.low:.2f} to {measure.high:.2f})"


def gives_away(measure: Measure) -> bool:
    """Return whether an AUC has enough files, exceeds `SUSPICIOUS`, and its interval, if any, lies above 0.5."""
    enough = min(measure.n_positive, measure.n_negative) >= FEWEST
    return enough and measure.value > SUSPICIOUS and (measure.low is None or measure.low > 0.5)
