"""Seal or sign many files on a worker pool, with a receipt from which an interrupted run goes on."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TypeAlias

from forensics.cli.arguments import add_workers, worker_config_of
from forensics.cli.input_files import join_answers
from forensics.cli.signing_list import Job, Row, append_row, is_done, read_rows
from forensics.errors import InputError
from forensics.execution.command_result import CommandResult, JsonObject, expected_errors, refusal, visible
from forensics.execution.progress import Report
from forensics.execution.workers import Work, open_pool

_LOG = logging.getLogger(__name__)

Answer: TypeAlias = tuple[CommandResult, Row | None]
EntryOf: TypeAlias = Callable[[Row], JsonObject]


def add_statements(parser: argparse.ArgumentParser) -> None:
    """Declare what an owner may add to a credential, the receipt, and the worker pool."""
    parser.add_argument(
        "--assertions", type=Path, metavar="JSON", help="further assertions: author, licence, choices on training"
    )
    parser.add_argument("--thumbnail", action="store_true", help="put a small picture of the file into its credential")
    parser.add_argument(
        "--receipt",
        type=Path,
        metavar="CSV",
        help="record each file in one row; files that it records already, unchanged, are passed over",
    )
    add_workers(parser, default="one")


def work_through(
    options: argparse.Namespace,
    jobs: tuple[Job, ...],
    stated: str,
    prepare: Callable[[], AbstractContextManager[Work[Job, Answer]]],
    entry_of: EntryOf,
    report: Report,
    *,
    marked: bool,
) -> CommandResult:
    """Do every job that the receipt does not record; one that fails stops no other.

    Args:
        options: Arguments that `add_statements` declared, and `force`.
        jobs: What is to be done.
        stated: What is stated about every file, as the receipt names it.
        prepare: Makes the function that does one job, in each worker; see `catching`.
        entry_of: Returns the JSON entry of a file that was done before.
        report: Progress callback.
        marked: Whether the files are marked too.

    Raises:
        InputError: A file is there already and may not be replaced, or the receipt is none.
    """
    doing = "sealing" if marked else "signing"
    rows = {} if options.receipt is None else read_rows(options.receipt)
    done = {job for job in jobs if is_done(job, rows, stated, marked=marked)}
    waiting = [job for job in jobs if job not in done]
    if not options.force:
        for job in waiting:
            if job.path.exists():
                raise InputError(f"{job.path}: is there already; choose another name, or replace it with --force")
    with open_pool(worker_config_of(options), prepare) as pool:

        def answers() -> Iterator[CommandResult]:
            for place, (answer, row) in pool.work(waiting, report=report):
                report((place + 1) / len(waiting), f"{doing} {visible(waiting[place].source.name)}")
                if row is not None and options.receipt is not None:
                    append_row(options.receipt, row)
                yield answer

        answer = join_answers(answers())
    return _with_rows(answer, [rows[str(job.path)] for job in jobs if job in done], entry_of)


def catching(one: Callable[[Job], Answer], doing: str) -> Work[Job, Answer]:
    """Return the function that a worker calls: an error becomes the answer, and missing folders are made.

    Args:
        one: Does one job.
        doing: Name of the work, for the progress line.
    """
    return partial(_caught, one, doing)


def _caught(one: Callable[[Job], Answer], doing: str, job: Job, report: Report) -> Answer:
    report(0.0, f"{doing} {visible(job.source.name)}")
    try:
        job.path.parent.mkdir(parents=True, exist_ok=True)
        return one(job)
    except expected_errors() as error:
        _LOG.info("%s %s failed", doing, job.source, exc_info=error)
        return refusal(error, job.source), None


def _with_rows(answer: CommandResult, rows: list[Row], entry_of: EntryOf) -> CommandResult:
    """Return the answer together with the files that were done before."""
    if not rows:
        return answer
    note = f"{len(rows)} done before, unchanged" if len(rows) > 1 else f"{rows[0].path}: done before, unchanged"
    entries = tuple({**entry_of(row), "earlier": True} for row in rows)
    text = "\n\n".join(part for part in (answer.text, visible(note)) if part)
    return CommandResult(text, (*answer.results, *entries), failed=answer.failed)
