"""Combine the runs of several training seeds: mean, standard deviation and number of runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.stats import t as student

from forensics.evaluation.errors import ScoresError
from forensics.evaluation.measures.reports import EvalReport, Measure

FEWEST = 3
"""Least number of seeds for a spread."""


def over_seeds(reports: Sequence[EvalReport], name: str) -> EvalReport:
    """Return every measure that all reports contain as its mean over them.

    The interval is that of the mean over training runs (Student's t), which differs from the interval over identities
    in each report. The note contains the standard deviation and the number of runs.

    Args:
        reports: One per seed, of the same corpus and protocol.
        name: Name of the detector.

    Raises:
        ScoresError: There are fewer than three reports, or their corpora or protocols differ.
    """
    if len(reports) < FEWEST:
        raise ScoresError(f"a spread over seeds wants at least {FEWEST} runs, got {len(reports)}; train further seeds")
    kinds = {(report.corpus, report.corpus_digest, report.protocol, report.aggregation) for report in reports}
    if len(kinds) > 1:
        told = ", ".join(sorted({f"{report.corpus} under {report.protocol}" for report in reports}))
        raise ScoresError(f"the runs were not measured alike: {told}; measure all on one corpus, one protocol")
    tables = [{_place(measure): measure for measure in report.measures} for report in reports]
    shared = [measure for place, measure in tables[0].items() if all(place in table for table in tables)]
    measures = tuple(_mean(measure, [table[_place(measure)].value for table in tables]) for measure in shared)
    first = reports[0]
    return replace(
        first,
        detector=name,
        measures=measures,
        sealed=all(report.sealed for report in reports),
        threshold=None,
        threshold_origin=f"each of {len(reports)} runs its own",
        early_reads=tuple(dict.fromkeys(read for report in reports for read in report.early_reads)),
        warnings=tuple(dict.fromkeys(warning for report in reports for warning in report.warnings)),
        detector_digest="",
    )


def _place(measure: Measure) -> tuple[str, str, str, int]:
    return measure.name, measure.slice, measure.distortion, measure.severity


def _mean(measure: Measure, values: Sequence[float]) -> Measure:
    mean, spread = float(np.mean(values)), float(np.std(values, ddof=1))
    reach = float(student.ppf(0.975, len(values) - 1)) * spread / math.sqrt(len(values))
    note = f"± {spread:.4f} over {len(values)} seeds"
    return replace(measure, value=mean, low=mean - reach, high=mean + reach, note=note)
