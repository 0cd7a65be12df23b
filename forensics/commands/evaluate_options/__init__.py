"""Further measurements of `facetrail evaluate`, each a module of this package.

A measurement declares its own options and, where they ask for it, adds to what was measured. To add one, write a module
with the functions of `Measurement` and put its name into `MEASUREMENTS`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from ...progress import Report, part

if TYPE_CHECKING:
    from ...evaluating import Evaluated
    from ...evaluation import EvalReport

MEASUREMENTS: tuple[str, ...] = ("robustness", "groups", "attacks", "probing", "failures")


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


def measure_all(options: argparse.Namespace, done: Sequence[Evaluated], report: Report) -> tuple[Evaluated, ...]:
    """Let every measurement that is asked for add to what was evaluated; probes come last, without scores."""
    from ...evaluating import with_reports

    found = tuple(done)
    wanted = [one for one in _measurements() if one.is_wanted(options)]
    for number, one in enumerate(wanted):
        step = part(report, number / len(wanted), (number + 1) / len(wanted))
        found = with_reports(found, one.measure(options, found, step))
    return found


def describe_all(report: EvalReport) -> tuple[str, ...]:
    """Put what the measurements added to a report into tables."""
    return tuple(told for one in _measurements() if (told := one.describe(report)))


def _measurements() -> list[Measurement]:
    return [cast(Measurement, import_module(f"{__name__}.{name}")) for name in MEASUREMENTS]
