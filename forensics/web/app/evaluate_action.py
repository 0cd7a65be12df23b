"""Evaluate for the page: corpora and detectors from lists fixed at the start, with stored results."""

from __future__ import annotations

import argparse
import datetime as dt
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from forensics.corpus import MANIFEST
from forensics.errors import InputError, UsageError
from forensics.execution.command_result import CommandResult
from forensics.execution.progress import Report, silent, subrange

from .context import AppContext
from .messages import line_about
from .sessions import Session

PAGE_NAME = "report.html"
_MEASURED = ("run.json", "evaluation.json")


@dataclass(frozen=True, slots=True)
class EvaluateRequest:
    """What the tab was asked for.

    Attributes:
        corpus: One of the corpora that the page was started with, by its name.
        detectors: Some of the detectors that the page was started with, by their names.
        seed: Of the bootstrap.
    """

    corpus: str
    detectors: tuple[str, ...]
    seed: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """An evaluation that can be shown.

    Attributes:
        name: Its name in the list of earlier ones.
        summary: The main measures as text, empty for an earlier evaluation.
        page: The report, None where it could not be written.
        complaint: Reason for a missing report.
    """

    name: str
    summary: str
    page: Path | None
    complaint: str = ""


def corpora_under(roots: Sequence[Path]) -> dict[str, Path]:
    """List corpus folders: the given folders themselves, and folders directly inside them.

    Args:
        roots: Folders that the person who started the page named.

    Returns:
        The folders by displayed name.

    Raises:
        InputError: A root is not a folder, or contains no corpus.
    """
    found: dict[str, Path] = {}
    for root in roots:
        if not root.is_dir():
            raise InputError(f"{root}: is no folder; give a corpus, or a folder of corpora", root)
        corpora = [path for path in (root, *sorted(root.iterdir())) if (path / MANIFEST).is_file()]
        if not corpora:
            raise InputError(f"{root}: holds no corpus; make one with `facetrail corpus synthesize`", root)
        for path in corpora:
            name = path.resolve().name
            found[name if name not in found else f"{path.resolve().parent.name}/{name}"] = path.resolve()
    return found


def evaluate(request: EvaluateRequest, context: AppContext, session: Session, report: Report = silent) -> Outcome:
    """Measure detectors on a corpus, keep the results and write their report.

    Args:
        request: What is wanted.
        context: Knows the corpora and the detectors.
        session: Who asks; when the browser has gone the work ends.
        report: Is told how far the work is.

    Raises:
        InputError: A corpus or a detector is not one of those that the page was started with.
        ForensicsError: As `facetrail evaluate`.
        LeftError: The browser has gone.
    """
    report = session.watched(report)
    if request.corpus not in context.corpora:
        raise InputError("choose one of the corpora")
    if not request.detectors or any(name not in context.detectors for name in request.detectors):
        raise InputError("choose at least one of the detectors")
    folder = _new_folder(context.results, request.corpus)
    names = [context.detectors[name] for name in request.detectors]
    # Several detectors share one --detector; `=` keeps a name that begins with a dash from being read as an option.
    corpus, seed = str(context.corpora[request.corpus]), str(request.seed)
    arguments = [corpus, "--detector", *names, "--seed", seed, "-o", str(folder)]
    arguments.append(f"--face-finder={context.face_finder}")
    answer = run_command("evaluate", arguments, subrange(report, 0.0, 0.9))
    report(0.9, "writing the report")
    page, complaint = write_report(folder)
    return Outcome(folder.name, answer.text, page, complaint)


def write_report(folder: Path) -> tuple[Path | None, str]:
    """Write a folder's report.

    Args:
        folder: Results of an evaluation.

    Returns:
        The page and an empty text, or None and the reason; the measures are kept in any case.
    """
    try:
        run_command("report", [str(folder)])
    except Exception as error:  # whatever it is, the measures stand
        return None, line_about(error)
    page = folder / PAGE_NAME
    return (page, "") if page.is_file() else (None, f"the report was not written to {PAGE_NAME}")


def earlier(results: Path) -> tuple[str, ...]:
    """List stored evaluations, the latest first.

    Args:
        results: Folder of the evaluations.
    """
    if not results.is_dir():
        return ()
    kept = [path for path in results.iterdir() if path.is_dir() and any((path / one).is_file() for one in _MEASURED)]
    return tuple(path.name for path in sorted(kept, key=lambda path: path.stat().st_mtime, reverse=True))


def reopen(name: str, results: Path) -> Outcome:
    """Load an earlier evaluation.

    Args:
        name: One of `earlier`.
        results: Folder of the evaluations.

    Raises:
        InputError: There is none of that name.
    """
    if name not in earlier(results):
        raise InputError("this evaluation is gone; choose another one")
    page = results / name / PAGE_NAME
    if page.is_file():
        return Outcome(name, "", page)
    made, complaint = write_report(results / name)
    return Outcome(name, "", made, complaint)


def _new_folder(results: Path, corpus: str) -> Path:
    stem = re.sub(r"[^\w.-]+", "-", corpus).strip("-.") or "corpus"
    time = dt.datetime.now().astimezone().strftime("%Y-%m-%d-%H%M%S")
    folder = results / f"{stem}-{time}-{secrets.token_hex(2)}"
    folder.mkdir(parents=True)
    return folder


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
