"""Run `facetrail evaluate --failures`: write the worst errors as pictures, with maps of what decided."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from forensics.cli.arguments import positive_int
from forensics.execution.progress import Report

if TYPE_CHECKING:
    from forensics.evaluation import EvalReport
    from forensics.evaluation.run import Evaluated


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the option."""
    parser.add_argument(
        "--failures",
        type=positive_int,
        metavar="N",
        help="keep the N worst false alarms and misses of each detector as pictures for the report; wants -o",
    )


def is_wanted(options: argparse.Namespace) -> bool:
    """Return whether the options request it."""
    return options.failures is not None


def measure(options: argparse.Namespace, done: Sequence[Evaluated], report: Report) -> Iterator[EvalReport]:
    """Write the pictures of every detector; no measure is added.

    Raises:
        UsageError: There is no folder to write to, or there are scores and no detector.
    """
    from forensics.errors import UsageError
    from forensics.reporting import ScoredTest, keep_failures

    for number, one in enumerate(done):
        report(number / len(done), "keeping the worst errors")
        if one.table is None:
            continue
        test = ScoredTest.of(one)
        if one.folder is None or test is None:
            raise UsageError("--failures wants a CORPUS, detectors with a threshold, and a results folder -o DIR")
        keep_failures(test, one.folder, most=options.failures)
    yield from ()


def describe(report: EvalReport) -> str:
    """Return no text, because pictures are not measures."""
    return ""
