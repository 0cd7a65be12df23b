"""Further measurements of `facetrail evaluate`, each a module of this package.

A measurement declares its own options and, where they ask for it, adds to what was measured. To add one, write a module
with the functions of `Measurement` and put its name and its option into `MEASUREMENTS`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from forensics.execution.progress import Report, subrange

if TYPE_CHECKING:
    from forensics.evaluation import EvalReport
    from forensics.evaluation.run import Evaluated

MEASUREMENTS: Mapping[str, str] = {
    "robustness": "--suite",
    "fairness": "--attributes",
    "attacks": "--attack",
    "probes": "--probe",
    "failures": "--failures",
}
"""The modules, and the option that asks for each."""


@runtime_checkable
class Measurement(Protocol):
    """What a module of this package offers; importing it must stay cheap, for it runs for `--help`."""

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""

    def is_wanted(self, options: argparse.Namespace) -> bool:
        """Whether the options ask for it."""

    def measure(self, options: argparse.Namespace, done: Sequence[Evaluated], report: Report) -> Iterable[EvalReport]:
        """Measure; called only where it is wanted.

        A report under the name of an evaluated detector adds its measures and warnings to that detector's; one under
        another name, such as `probe:metadata`, stands beside them.

        Args:
            options: Of the command line.
            done: The detectors as evaluated so far.
            report: Is told how far the work is.
        """

    def describe(self, report: EvalReport) -> str:
        """Put what it added to a report into a table, empty where that is nothing."""


def configure_all(parser: argparse.ArgumentParser) -> None:
    """Declare the options of every measurement."""
    for one in _measurements():
        one.configure(parser)


def is_wanted(options: argparse.Namespace) -> bool:
    """Whether the options ask for any measurement."""
    return any(one.is_wanted(options) for one in _measurements())


def refuse_unfit(options: argparse.Namespace) -> None:
    """Refuse options that cannot work together, before any work is done.

    Raises:
        UsageError: A measurement has nothing to measure or nowhere to write, or an option lacks the one it belongs to.
        InputError: A file or folder named is not there or is of the other kind.
    """
    from forensics.errors import InputError, UsageError

    wanted = [
        option for option, one in zip(MEASUREMENTS.values(), _measurements(), strict=True) if one.is_wanted(options)
    ]
    if options.generator is not None and wanted:
        raise UsageError(f"{wanted[0]} measures detectors; leave it out with --generator")
    of_files = [option for option in wanted if option != "--attributes"]
    if options.scores is not None and of_files:
        raise UsageError(f"{of_files[0]} looks at the files of a CORPUS; --scores has none")
    if options.failures is not None and options.out is None:
        raise UsageError("--failures wants a results folder -o DIR")
    if options.attack is None and options.surrogate:
        raise UsageError("--surrogate wants --attack")
    if options.attributes is None and options.crossed:
        raise UsageError("--crossed wants --attributes")
    if options.attributes is not None and options.attributes != Path() and not options.attributes.is_file():
        raise InputError(f"{options.attributes}: is not there; name a CSV file with --attributes", options.attributes)
    if options.out is not None:
        there = next(one for one in (options.out, *options.out.absolute().parents) if one.exists())
        if not there.is_dir():
            raise InputError(f"{there}: is a file; name a folder with -o", there)


def measure_all(options: argparse.Namespace, done: Sequence[Evaluated], report: Report) -> tuple[Evaluated, ...]:
    """Let every measurement that is asked for add to what was evaluated; probes come last, without scores."""
    from forensics.evaluation.run import with_reports

    found = tuple(done)
    wanted = [one for one in _measurements() if one.is_wanted(options)]
    for number, one in enumerate(wanted):
        step = subrange(report, number / len(wanted), (number + 1) / len(wanted))
        found = with_reports(found, one.measure(options, found, step))
    return found


def describe_all(report: EvalReport) -> tuple[str, ...]:
    """Put what the measurements added to a report into tables."""
    return tuple(told for one in _measurements() if (told := one.describe(report)))


def _measurements() -> list[Measurement]:
    return [cast(Measurement, import_module(f"{__name__}.{name}")) for name in MEASUREMENTS]
