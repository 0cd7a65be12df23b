"""Run `facetrail doctor`: list what is installed, what is missing and how to install it."""

from __future__ import annotations

import argparse

from forensics.cli.arguments import add_home, add_json, add_verbose
from forensics.execution.command_result import CommandResult
from forensics.execution.progress import Report


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_home(parser)
    add_json(parser)
    add_verbose(parser)
    parser.epilog = "Exit code 1 says that something the demo needs is missing."
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, report: Report) -> CommandResult:
    """Check every component and report what to do."""
    from forensics.execution.environment import examine_installation, machine

    parts = examine_installation(options.home)
    missing = [part for part in parts if part.needed and not part.present]
    lines = [machine(), *(part.line() for part in parts)]
    lines.append(f"{len(missing)} missing" if missing else "everything the demo needs is here")
    return CommandResult("\n".join(lines), tuple(part.entry() for part in parts), failed=bool(missing))
