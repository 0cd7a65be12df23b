"""Run a command from the page, so that page and command line do the same."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module

from forensics.errors import UsageError
from forensics.execution.command_result import CommandResult
from forensics.execution.progress import Report, silent


class _Parser(argparse.ArgumentParser):
    """A parser that reports errors to the page and not to the terminal."""

    def error(self, message: str) -> None:  # type: ignore[override]
        """Raise the error message of the parser."""
        raise UsageError(message)


def run_command(name: str, arguments: Sequence[str], report: Report = silent) -> CommandResult:
    """Run a command.

    Args:
        name: Name of the command.
        arguments: Arguments of the command line; values from a browser are only used through a lookup.
        report: Progress callback.

    Raises:
        UsageError: The arguments do not fit.
        ForensicsError: As for the command.
    """
    parser = _Parser(prog=f"facetrail {name}")
    import_module(f"forensics.cli.commands.{name}").configure(parser)
    options = parser.parse_args(arguments)
    options.command = name
    answer: CommandResult = options.run(options, report)
    return answer
