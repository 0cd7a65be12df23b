"""Run `facetrail evaluate`: measure detectors, with intervals, under a protocol that keeps the test sealed."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.cli.arguments import (
    DEFAULT_DETECTOR,
    OWN_DETECTORS,
    add_aggregation,
    add_json,
    add_seed,
    add_verbose,
    add_workers,
    positive_int,
    worker_config_of,
)
from forensics.cli.face_finder_option import add_face_finder
from forensics.execution.command_result import CommandResult
from forensics.execution.progress import Report, subrange
from forensics.storage.files import locked

from . import evaluate_sources
from .evaluate_options import configure_all, describe_all, is_wanted, measure_all, refuse_unfit, robustness

if TYPE_CHECKING:
    from forensics.evaluation import EvalReport
    from forensics.evaluation.run import Evaluated, Settings

CHIEF = ("auc/video", "auc/frame", "average_precision/video", "eer/video", "tpr_at_fpr_5/video")
AT_THRESHOLD = ("balanced_accuracy/video", "fpr/video", "tpr/video", "coverage/video")
SHOWN = (*CHIEF, *AT_THRESHOLD)
MEASURING_SHARE = 0.3
"""Share of the progress for plain scoring where further measurements follow."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "`--protocol list` explains the protocols. Results: DIR/run.json, DIR/<detector>/evaluation.json."
    parser.add_argument(
        "corpus", type=Path, nargs="?", metavar="CORPUS", help="corpus folder; its test split is measured"
    )
    parser.add_argument(
        "--detector",
        nargs="+",
        default=[DEFAULT_DETECTOR],
        metavar="NAME_OR_DIR",
        help=f"shipped detectors, folders of trained ones, or {OWN_DETECTORS} (default: {DEFAULT_DETECTOR})",
    )
    add_face_finder(parser)
    parser.add_argument("--protocol", default="sealed", metavar="NAME", help="how to test (default: sealed)")
    add_aggregation(parser)
    parser.add_argument(
        "--per-clip", type=positive_int, default=8, metavar="N", help="most frames of one clip (default: 8)"
    )
    parser.add_argument("-o", "--out", type=Path, metavar="DIR", help="results folder; an interrupted run continues")
    evaluate_sources.configure(parser)
    configure_all(parser)
    add_workers(parser, default="this process, on all its threads", gpus=True)
    add_seed(parser)
    add_json(parser)
    add_verbose(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, report: Report) -> CommandResult:
    """Measure scores from a file, or detectors on a corpus."""
    if options.protocol == "list":
        return CommandResult(explain_protocols())
    if "list" in options.suite:
        return CommandResult(robustness.explain_suites())
    from forensics.errors import UsageError

    if sum(one is not None for one in (options.corpus, options.scores, options.generator)) != 1:
        raise UsageError("name one of a CORPUS, --scores FILE and --generator NAME")
    refuse_unfit(options)
    settings = settings_of(options)
    if options.generator is not None:
        return evaluate_sources.measure_quality(options, settings, report)
    with nullcontext() if options.out is None else locked(options.out):
        return _measured(options, settings, report)


def _measured(options: argparse.Namespace, settings: Settings, report: Report) -> CommandResult:
    """Evaluate, make the requested further measurements, and write the results."""
    from forensics.evaluation import describe_comparisons
    from forensics.evaluation.run import write_results
    from forensics.reporting import evaluate_entry

    further = is_wanted(options)
    done, remarks = evaluate(options, settings, subrange(report, 0.0, MEASURING_SHARE if further else 1.0))
    if further:
        done = measure_all(options, done, subrange(report, MEASURING_SHARE, 1.0))
    comparisons = evaluate_sources.compare_scores(done, settings)
    if options.out is not None:
        write_results(done, comparisons, settings, options.out)
    text = [*(describe(one.report) for one in done if not one.report.detector.startswith("probe:")), *remarks]
    text += [told for one in done for told in describe_all(one.report)]
    if comparisons:
        text.append("differences\n" + describe_comparisons(comparisons))
    return CommandResult("\n\n".join(text), tuple(evaluate_entry(one.report) for one in done))


def settings_of(options: argparse.Namespace) -> Settings:
    """Return the settings of the evaluation from the command line.

    Raises:
        InputError: No protocol has the given name.
        ScoresError: No aggregation has the given name.
    """
    from forensics.evaluation import Aggregation, find_protocol
    from forensics.evaluation.run import Settings

    worker_config = worker_config_of(options)
    return Settings(
        protocol=find_protocol(options.protocol),
        aggregation=Aggregation.named(options.aggregation),
        per_clip=options.per_clip,
        seed=options.seed,
        face_finder=options.face_finder,
        command=shlex.join(["facetrail", *sys.argv[1:]]),
        worker_config=None if options.workers is None and worker_config.alone else worker_config,
    )


def evaluate(
    options: argparse.Namespace, settings: Settings, report: Report
) -> tuple[tuple[Evaluated, ...], tuple[str, ...]]:
    """Measure scores from files, or detectors on a corpus; return them with further lines of text."""
    if options.scores is not None:
        return evaluate_sources.evaluate_scores(options, settings, report)
    from forensics.corpus import Corpus
    from forensics.evaluation.run import evaluate_corpus

    found = evaluate_corpus(Corpus.load(options.corpus), options.detector, settings, out=options.out, report=report)
    return found, ()


def describe(report: EvalReport) -> str:
    """Return the main measures as a table (for slices the AUC alone), with the warnings that a reader must know."""
    from forensics.evaluation import EVERYTHING, columns

    rows = [("measure", "slice", "value", "95 % interval", "forged", "genuine", "")]
    for measure in report.measures:
        shown = SHOWN if measure.slice == EVERYTHING else (CHIEF[0], "auc_gap/video")
        if measure.name not in shown or measure.distortion != "none":
            continue
        interval = "none" if measure.low is None else f"{measure.low:.3f} to {measure.high:.3f}"
        counts = str(measure.n_positive), str(measure.n_negative)
        rows.append(
            (report.title(measure.name), measure.slice, f"{measure.value:.3f}", interval, *counts, measure.note)
        )
    return "\n".join((f"{report.detector} on {report.corpus}", columns(rows), *_remarks(report)))


def explain_protocols() -> str:
    """Return the list of protocols with a description of each."""
    from forensics.evaluation import PROTOCOLS, columns

    return columns([("protocol", "what it does"), *((one.name, one.summary) for one in PROTOCOLS)], indent="")


def _remarks(report: EvalReport) -> Sequence[str]:
    from forensics.evaluation import PICTURES

    found = []
    if report.threshold is not None:
        found.append(f"  threshold {report.threshold:.4f}: {report.threshold_origin}")
    if report.aggregation and report.samples != PICTURES:
        found.append(f"  a video's score: {report.aggregation}")
    found += [f"  NOT SEALED: {read}" for read in report.early_reads]
    found += [f"  note: {warning}" for warning in report.warnings]
    return found
