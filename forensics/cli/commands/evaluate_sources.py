"""Measure, for `facetrail evaluate`, other inputs than a corpus: scores from files, or a generator."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.cli.arguments import positive_int
from forensics.execution.command_result import CommandResult
from forensics.execution.progress import Report

if TYPE_CHECKING:
    from forensics.evaluation import Comparison, EvalReport
    from forensics.evaluation.run import Evaluated, Settings

SHOWN_SLICES = ("all", "eyes", "mouth", "hair", "background")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    scores = parser.add_argument_group("scores that another program made, instead of a corpus")
    scores.add_argument(
        "--scores",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="CSV, JSON or NPZ of any detector, or DeepfakeBench's folder of a training; one file per detector",
    )
    scores.add_argument(
        "--columns",
        metavar="FIELD=COLUMN,...",
        help="which column holds what, where the guess is wrong: video=path,label=y,score=prob; "
        "realness=COLUMN where higher means genuine",
    )
    scores.add_argument(
        "--level",
        choices=("auto", "picture", "video"),
        default="auto",
        help="where rows are pictures: each is a sample, or they are frames of the video that folder or name says "
        "(default: videos only where names show it)",
    )
    scores.add_argument(
        "--distorted",
        type=Path,
        metavar="DIR",
        help="the scores are answers to the files that `facetrail corpus distort` wrote there",
    )
    quality = parser.add_argument_group("a generator, instead of a corpus")
    quality.add_argument(
        "--generator",
        metavar="NAME_OR_DIR",
        help="measure how true its avatars are: `geometry`, `mini`, or a folder of weights",
    )
    quality.add_argument("--styles", nargs="+", default=[], metavar="STYLE", help="of the avatars (default: all)")
    quality.add_argument("--clips", type=positive_int, default=30, metavar="N", help="avatars (default: 30)")
    quality.add_argument("--moments", type=positive_int, default=8, metavar="N", help="frames of motion (default: 8)")


def evaluate_scores(
    options: argparse.Namespace, settings: Settings, report: Report
) -> tuple[tuple[Evaluated, ...], tuple[str, ...]]:
    """Measure scores from files; return them with the published numbers beside the corrected ones."""
    from forensics.evaluation.external_scores import SampleUnit, parse_columns
    from forensics.evaluation.run import evaluate_files

    columns = parse_columns(options.columns) if options.columns else None
    if options.distorted is not None:
        from forensics.evaluation.robustness import evaluate_answers

        return evaluate_answers(options.scores, options.distorted, settings, columns=columns, out=options.out), ()
    unit = SampleUnit(options.level)
    found = evaluate_files(options.scores, settings, columns=columns, out=options.out, unit=unit, report=report)
    return tuple(one.evaluated for one in found), tuple(one.describe() for one in found)


def compare_scores(done: Sequence[Evaluated], settings: Settings) -> tuple[Comparison, ...]:
    """Compare the detectors that were scored on the same videos; others are not comparable and are skipped."""
    from forensics.evaluation.run import compare_evaluated

    together: dict[frozenset[str], list[Evaluated]] = {}
    for one in done:
        if one.table is not None:
            together.setdefault(frozenset(one.table.videos), []).append(one)
    return tuple(found for group in together.values() for found in compare_evaluated(group, settings))


def measure_quality(options: argparse.Namespace, settings: Settings, report: Report) -> CommandResult:
    """Measure a generator on avatars, and write a results folder where requested."""
    from forensics.evaluation.generator_quality import (
        EVALUATION_SEED,
        Plan,
        find_styles,
        measure_generator,
        write_quality,
    )
    from forensics.reporting import evaluate_entry

    plan = Plan(options.clips, options.moments, find_styles(options.styles), EVALUATION_SEED + settings.seed)
    reports = measure_generator(options.generator, plan, report)
    if options.out is not None:
        write_quality(reports, options.out, settings.command)
    return CommandResult(describe_quality(reports), tuple(evaluate_entry(one) for one in reports))


def describe_quality(reports: tuple[EvalReport, ...]) -> str:
    """Return the measures of the generator beside those of the baselines as text."""
    from forensics.evaluation import columns

    rows = [("measure", "slice", *(one.detector for one in reports), "N")]
    names = dict.fromkeys((one.name, one.slice) for report in reports for one in report.measures)
    for name, part in sorted(names, key=lambda pair: SHOWN_SLICES.index(pair[1]) if pair[1] in SHOWN_SLICES else 99):
        if part not in SHOWN_SLICES:
            continue
        found = [report.find(name, slice=part) for report in reports]
        cells = ["" if one is None else _cell(one.value, one.low, one.high) for one in found]
        rows.append((name, part, *cells, str(max(one.n_positive for one in found if one is not None))))
    notes = [f"  note: {warning}" for warning in reports[0].warnings]
    return "\n".join((f"{reports[0].detector}: {reports[0].protocol}", columns(rows), *notes))


def _cell(value: float, low: float | None, high: float | None) -> str:
    return f"{value:.3g}" if low is None or high is None else f"{value:.3g} [{low:.3g}, {high:.3g}]"
