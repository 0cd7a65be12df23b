"""Declare further measurements of `facetrail evaluate`, each as a module of this package.

A measurement declares its own options and, where they request it, adds measures to the results. To add one, write a
module with the functions of `Measurement` and put its name and its option into `MEASUREMENTS`.
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
    "where": "--where",
    "when": "--when",
}
"""The modules, and the option that requests each."""


@runtime_checkable
class Measurement(Protocol):
    """The interface of a module of this package; its import must stay fast, because `--help` imports it."""

    def configure(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options."""

    def is_wanted(self, options: argparse.Namespace) -> bool:
        """Return whether the options request it."""

    def measure(self, options: argparse.Namespace, done: Sequence[Evaluated], report: Report) -> Iterable[EvalReport]:
        """Measure; this is called only where the options request it.

        A report under the name of an evaluated detector adds its measures and warnings to that detector's; one under
        another name, such as `probe:metadata`, is reported separately.

        Args:
            options: Options of the command line.
            done: The detectors as evaluated so far.
            report: Progress callback.
        """

    def describe(self, report: EvalReport) -> str:
        """Return the measures that it added to a report as a table, empty where there are none."""


def configure_all(parser: argparse.ArgumentParser) -> None:
    """Declare the options of every measurement."""
    for one in _measurements():
        one.configure(parser)


def is_wanted(options: argparse.Namespace) -> bool:
    """Return whether the options request any measurement."""
    return any(one.is_wanted(options) for one in _measurements())


def refuse_unfit(options: argparse.Namespace) -> None:
    """Check, before any work is done, that the options can work together.

    Raises:
        UsageError: A measurement has no input or no output folder, or an option needs another one.
        InputError: A named file or folder does not exist or is of the other kind.
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
    if options.distorted is not None and options.scores is None:
        raise UsageError("--distorted says which files the scores of --scores FILE are of; give both")
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
    """Run every requested measurement and add its results; probes come last, without scores."""
    from forensics.evaluation.run import with_reports

    found = tuple(done)
    wanted = [one for one in _measurements() if one.is_wanted(options)]
    for number, one in enumerate(wanted):
        step = subrange(report, number / len(wanted), (number + 1) / len(wanted))
        found = with_reports(found, one.measure(options, found, step))
    return found


def describe_all(report: EvalReport) -> tuple[str, ...]:
    """Return the measures that the measurements added to a report as tables."""
    return tuple(told for one in _measurements() if (told := one.describe(report)))


def _measurements() -> list[Measurement]:
    return [cast(Measurement, import_module(f"{__name__}.{name}")) for name in MEASUREMENTS]
