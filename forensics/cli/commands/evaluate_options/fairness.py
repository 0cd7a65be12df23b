"""Run `facetrail evaluate --attributes`: compare groups of people."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.execution.progress import Report

if TYPE_CHECKING:
    from forensics.evaluation import EvalReport, ScoreTable
    from forensics.evaluation.run import Evaluated

_BESIDE_THE_CORPUS = Path()


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    group = parser.add_argument_group("fairness")
    group.add_argument(
        "--attributes",
        type=Path,
        nargs="?",
        const=_BESIDE_THE_CORPUS,
        metavar="FILE.csv",
        help="measure groups of people and the gaps between them; the first column is identity or sample, every "
        "further one an attribute (without a file: attributes.csv beside the manifest, and the style of avatars)",
    )
    group.add_argument("--crossed", action="store_true", help="with --attributes: pairs of attributes too")


def is_wanted(options: argparse.Namespace) -> bool:
    """Return whether groups are requested."""
    return options.attributes is not None


def measure(options: argparse.Namespace, done: Sequence[Evaluated], report: Report) -> Iterator[EvalReport]:
    """Measure the groups of every table of scores.

    Raises:
        CorpusError: The file is not a list of attributes.
        InputError: The people in a table have no known attribute.
    """
    from forensics.corpus import ATTRIBUTES, read_attributes
    from forensics.errors import InputError
    from forensics.evaluation import measure_fairness

    known = None if options.attributes == _BESIDE_THE_CORPUS else read_attributes(options.attributes)
    for number, one in enumerate(done):
        if one.table is None:
            continue
        report(number / len(done), "measuring groups")
        table = one.table
        if known is not None:
            columns = known.of([names[0] for names in table.identities], _names(one, table))
            table = replace(table, attributes={**table.attributes, **columns})
        if not any(any(column) for column in table.attributes.values()):
            raise InputError(
                f"nothing is known of the people {one.report.detector} was scored on; write {ATTRIBUTES} beside the "
                "manifest, or name a file with --attributes"
            )
        settings = one.settings
        found = measure_fairness(
            table,
            seed=settings.seed,
            threshold=one.report.threshold,
            replicates=settings.replicates,
            crossed=options.crossed,
            aggregation=settings.aggregation,
        )
        yield replace(one.report, measures=found.measures, warnings=found.warnings)


def describe(report: EvalReport) -> str:
    """Return the groups and gaps of a report as a table, empty without any."""
    from forensics.evaluation import columns

    chosen = [one for one in report.measures if "=" in one.slice and one.metric in ("auc", "fpr", "fnr")]
    chosen += [one for one in report.measures if one.metric.endswith("_gap") or one.metric in ("f_eo", "f_efpr")]
    chosen = [one for one in chosen if one.distortion == "none" and not one.slice.startswith("method=")]
    if not chosen:
        return ""
    rows = [("group", "measure", "value", "95 % interval", "forged", "genuine", "")]
    for one in chosen:
        interval = "none" if one.low is None else f"{one.low:.3f} to {one.high:.3f}"
        rows.append(
            (one.slice, one.name, f"{one.value:.3f}", interval, str(one.n_positive), str(one.n_negative), one.note)
        )
    return f"{report.detector} by groups of people\n{columns(rows)}"


def _names(one: Evaluated, table: ScoreTable) -> list[str]:
    """Return the sample name of each row as in its corpus; rows of a file of scores keep their keys."""
    from forensics.evaluation.run import key_of

    ids = {key_of(sample): sample.id for sample in one.samples}
    return [ids.get(video, video) for video in table.videos]
