"""Run a command from the page, so that both do the same."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module

from forensics.errors import UsageError
from forensics.execution.command_result import CommandResult
from forensics.execution.progress import Report, silent


class _Parser(argparse.ArgumentParser):
    """A parser that complains to the page and not to the terminal."""

    def error(self, message: str) -> None:  # type: ignore[override]
        """Raise the complaint."""
        raise UsageError(message)


def run_command(name: str, arguments: Sequence[str], report: Report = silent) -> CommandResult:
    """Run a command.

    Args:
        name: Its name.
        arguments: What stands behind it on the command line; nothing from a browser but by way of a lookup.
        report: Is told how far the work is.

    Raises:
        UsageError: The arguments do not fit.
        ForensicsError: As the command.
    """
    parser = _Parser(prog=f"facetrail {name}")
    import_module(f"forensics.cli.commands.{name}").configure(parser)
    options = parser.parse_args(arguments)
    options.command = name
    answer: CommandResult = options.run(options, report)
    return answer
