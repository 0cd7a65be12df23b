"""Run `facetrail evaluate --suite`: measure the effect of distortions on a detector, at its frozen threshold."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from forensics.cli.arguments import worker_config_of
from forensics.execution.progress import Report, subrange

if TYPE_CHECKING:
    from forensics.evaluation import EvalReport
    from forensics.evaluation.run import Evaluated
    from forensics.execution.workers import WorkerConfig

COLUMNS = ("auc", "fpr", "fpr_drift", "tpr")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    group = parser.add_argument_group("robustness")
    group.add_argument(
        "--suite",
        nargs="+",
        default=[],
        metavar="NAME",
        help="distort the samples and measure again; `--suite list` names the suites, such as everyday",
    )


def is_wanted(options: argparse.Namespace) -> bool:
    """Return whether a suite is requested."""
    return bool(options.suite)


def measure(options: argparse.Namespace, done: Sequence[Evaluated], report: Report) -> Iterator[EvalReport]:
    """Measure every detector under the suites, on the samples of its test.

    Raises:
        InputError: No suite has a given name.
        UsageError: There is no detector, only a file of scores.
    """
    from forensics.distortions import gather_cells
    from forensics.errors import UsageError

    cells, absent = gather_cells(options.suite)
    left_out = tuple(
        f"{cell.name} {cell.parameter} was left out: the installed PyAV has no encoder {cell.distortion.encoder}"
        for cell in absent
    )
    detectors = [one for one in done if one.detector is not None]
    if not detectors:
        raise UsageError("--suite distorts the samples of a CORPUS; a file of scores cannot be scored again")
    for number, one in enumerate(detectors):
        step = subrange(report, number / len(detectors), (number + 1) / len(detectors))
        found = _measure_one(
            one, [(cell.name, cell.severity) for cell in cells], worker_config_of(options, default=1), step
        )
        yield replace(found, warnings=(*found.warnings, *left_out))


def explain_suites() -> str:
    """Return the list of suites with a description of each."""
    from forensics.distortions import SUITES
    from forensics.evaluation import columns

    rows = [("suite", "cells", "what it does"), *((one.name, str(len(one.cells)), one.summary) for one in SUITES)]
    return columns(rows, indent="")


def describe(report: EvalReport) -> str:
    """Return the cells of a report as a table, empty without any."""
    from forensics.evaluation import columns

    cells = dict.fromkeys(
        (one.distortion, one.severity, one.parameter, one.note)
        for one in report.measures
        if one.name == "fpr_drift/video"
    )
    if not cells:
        return ""
    rows = [("distortion", "", *COLUMNS[:2], "fpr drift, 95 %", COLUMNS[3], "")]
    for name, severity, parameter, note in cells:
        wanted = (report.find(f"{metric}/video", distortion=name, severity=severity) for metric in COLUMNS)
        area, rate, drift, hits = (one for one in wanted if one is not None)
        interval = "" if drift.low is None else f" ({drift.low:+.2f} to {drift.high:+.2f})"
        numbers = f"{area.value:.3f}", f"{rate.value:.3f}", f"{drift.value:+.3f}{interval}", f"{hits.value:.3f}"
        rows.append((name, parameter, *numbers, note))
    each = report.samples.removesuffix("s")
    return f"{report.detector} under distortions, each {each} beside itself undistorted\n{columns(rows)}"


def _measure_one(
    one: Evaluated, cells: Sequence[tuple[str, int]], worker_config: WorkerConfig, report: Report
) -> EvalReport:
    from forensics.corpus import Slice
    from forensics.errors import UsageError
    from forensics.evaluation.robustness import CELLS, GridRun, measure_grid

    if one.detector is None or one.corpus is None or one.report.threshold is None:
        raise UsageError(f"{one.report.detector} has no frozen threshold; suites are measured at one")
    settings = one.settings
    run = GridRun(
        detector=one.detector,
        corpus=one.corpus,
        samples=tuple(sample for sample in one.samples if sample.slice is Slice.MAIN),
        detector_digest=one.report.detector_digest,
        seed=settings.seed,
        per_clip=settings.per_clip,
        finder=one.finder,
        folder=None if one.folder is None else one.folder / CELLS,
        worker_config=worker_config,
    )
    grid = measure_grid(
        run,
        cells,
        threshold=one.report.threshold,
        aggregation=settings.aggregation,
        replicates=settings.replicates,
        report=report,
    )
    return replace(one.report, measures=grid.cells, warnings=grid.notes)
