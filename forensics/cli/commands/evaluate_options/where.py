"""Run `facetrail evaluate --where`: compare a detector's maps with the masks of a corpus."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from forensics.execution.progress import Report, subrange

if TYPE_CHECKING:
    from forensics.evaluation import EvalReport
    from forensics.evaluation.run import Evaluated

_METRICS = ("pixel_auc", "pixel_f1", "pixel_iou")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    group = parser.add_argument_group("where")
    group.add_argument(
        "--where",
        action="store_true",
        help="compare maps of what spoke for a manipulation, or a detector's own, with the masks of the corpus",
    )


def is_wanted(options: argparse.Namespace) -> bool:
    """Return whether maps are to be compared."""
    return bool(options.where)


def measure(options: argparse.Namespace, done: Sequence[Evaluated], report: Report) -> Iterator[EvalReport]:
    """Compare the maps of every detector with the masks of its test samples.

    Raises:
        CorpusError: No forged sample has a mask.
        InputError: A detector judges clips.
        UsageError: There is no detector, only a file of scores.
    """
    from forensics.corpus import Slice
    from forensics.errors import UsageError
    from forensics.evaluation.localisation import LocalisationPlan, measure_localisation

    detectors = [one for one in done if one.detector is not None and one.corpus is not None]
    if not detectors:
        raise UsageError("--where looks at the files of a CORPUS; a file of scores has none")
    for number, one in enumerate(detectors):
        if one.detector is None or one.corpus is None:
            continue
        measures, told = measure_localisation(
            one.detector,
            one.corpus,
            [sample for sample in one.samples if sample.slice is Slice.MAIN],
            LocalisationPlan(one.settings.per_clip, one.settings.seed, one.settings.replicates),
            finder=one.finder,
            report=subrange(report, number / len(detectors), (number + 1) / len(detectors)),
        )
        yield replace(one.report, measures=measures, warnings=told)


def describe(report: EvalReport) -> str:
    """Return the measures of the maps as a table, empty without any."""
    from forensics.evaluation import columns

    found = [one for one in report.measures if one.metric in _METRICS]
    if not found:
        return ""
    rows = [("measure", "slice", "value", "95 % interval", report.samples, "")]
    for one in found:
        interval = "none" if one.low is None else f"{one.low:.3f} to {one.high:.3f}"
        rows.append((report.title(one.name), one.slice, f"{one.value:.3f}", interval, str(one.n_positive), one.note))
    return f"{report.detector}: where, against the masks\n{columns(rows)}"
