"""Run the command line: find the command, load its module, and print its result or its error with an exit code.

The exit codes are: 0 done, 1 an error of ours, 2 usage, 3 done and a finding deserves attention, 130 stopped from the
keyboard.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from forensics.cli.arguments import check_identity, check_output
from forensics.errors import UsageError
from forensics.execution.command_result import (
    CommandResult,
    describe_unexpected,
    document,
    error_entry,
    expected_errors,
    explain,
    visible,
)
from forensics.execution.log import open_log
from forensics.execution.progress import Report, open_progress

Run = Callable[[argparse.Namespace, Report], CommandResult]


@dataclass(frozen=True, slots=True)
class Command:
    """A command's name, its line in the overview, and its module under `forensics.cli.commands`.

    Each module has `configure(parser)`, which declares the arguments and sets `run` as a default. It imports nothing
    heavy until `run` is called.
    """

    name: str
    summary: str


COMMANDS = (
    Command("demo", "walk the whole trail on embedded defaults and write a report"),
    Command("animate", "move a source picture by a drive; the output is always marked and signed"),
    Command("track", "read the face parameters of a drive into a reusable file"),
    Command("examine", "judge files by credential, mark and detector"),
    Command("seal", "mark and sign a file"),
    Command("sign", "sign files as they are, without a mark"),
    Command("read", "read a file's mark and credential"),
    Command("serve", "answer over HTTP which manifest a mark or a picture belongs to"),
    Command("identity", "make, bring or show the signing identity"),
    Command("trust", "choose the trust lists under which signers and time stamps are known"),
    Command("models", "list optional models or get them"),
    Command("corpus", "make, import, split, check and export labelled corpora"),
    Command("train", "train a detector on a corpus, or the generator on avatars"),
    Command("evaluate", "measure detectors, with intervals"),
    Command("compare", "say whether detectors differ on the same videos, or cannot be told apart"),
    Command("report", "turn a results folder into one HTML page"),
    Command("app", "animate, examine and evaluate in the browser, on this computer"),
    Command("doctor", "show what is installed, what is missing and how to get it"),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The arguments after the program's name; the process's own by default.

    Returns:
        The exit code.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    _open_streams()
    try:
        options = _parser(arguments).parse_args(arguments)
        open_log(options.verbose)
        code = _answer(options)
        sys.stdout.flush()
        return code
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 2
    except KeyboardInterrupt:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever presses twice wants no traceback from the clean-up
        sys.stderr.write("stopped\n")
        return 130
    except BrokenPipeError:
        _drop_answer()
        return 1
    except OSError as error:
        _drop_answer()
        sys.stderr.write(f"facetrail: the answer cannot be written: {explain(error)}\n")
        return 1


def _open_streams() -> None:
    """Open standard streams for a program that was started without them."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - for the process's life


def _drop_answer() -> None:
    """Discard output that could not be written; otherwise the interpreter complains again when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _answer(options: argparse.Namespace) -> int:
    run: Run = options.run
    as_json = getattr(options, "json", False)
    try:
        with open_progress(sys.stderr) as report:
            check_identity(options)
            check_output(options)
            answer = run(options, report)
    except BrokenPipeError:
        raise
    except expected_errors() as error:
        return _fail(error, explain(error, _named_output(options)), options, as_json)
    except Exception as error:
        return _fail(error, describe_unexpected(error), options, as_json)
    if as_json:
        sys.stdout.write(document(_full_name(options), answer.results) + "\n")
    elif answer.text:
        lines = answer.text.rstrip("\n").split("\n")
        sys.stdout.write("".join(f"{visible(line)}\n" for line in lines))
    return answer.exit_code


def _fail(error: Exception, message: str, options: argparse.Namespace, as_json: bool) -> int:
    if options.verbose:
        traceback.print_exception(error)
    if as_json:
        entry = error_entry(error, _named_output(options))
        sys.stdout.write(document(_full_name(options), (entry,)) + "\n")
    sys.stderr.write(f"facetrail {_full_name(options)}: {message}\n")
    return 2 if isinstance(error, UsageError) else 1


def _full_name(options: argparse.Namespace) -> str:
    action = getattr(options, "action", None)
    return f"{options.command} {action}" if action else str(options.command)


def _named_output(options: argparse.Namespace) -> Path | None:
    out: Path | None = getattr(options, "out", None)
    return out


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="facetrail",
        description="Make, detect and trace manipulated faces.",
        epilog="`facetrail COMMAND --help` explains one command.",
    )
    parser.add_argument("--version", action="version", version=f"facetrail {version('facetrail')}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    wanted = next((argument for argument in arguments if not argument.startswith("-")), None)
    for command in COMMANDS:
        subparser = commands.add_parser(command.name, help=command.summary, description=_sentence(command.summary))
        if command.name == wanted:
            import_module(f"forensics.cli.commands.{command.name}").configure(subparser)
    return parser


def _sentence(summary: str) -> str:
    return summary[0].upper() + summary[1:] + "."
