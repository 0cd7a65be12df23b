"""Run `facetrail sign`: add a credential to files and leave everything else in them as it is."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.cli.arguments import add_home, add_json, add_verbose, add_workers, worker_config_of
from forensics.cli.input_files import join_answers
from forensics.cli.kind_option import add_kind, chosen_kind
from forensics.cli.signing_list import Job, Row, append_row, is_done, list_jobs, read_rows
from forensics.errors import InputError
from forensics.execution.command_result import CommandResult, JsonObject, expected_errors, refusal, visible
from forensics.execution.progress import Report
from forensics.execution.workers import Work, open_pool

if TYPE_CHECKING:
    from watermark import Deployment, OwnAssertion, PayloadKind, SignReceipt


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="file, folder or pattern (JPEG, PNG, WebP, AVIF, HEIC, TIFF, GIF, DNG, SVG, PDF, MP4, MOV, AVI, WAV, MP3)",
    )
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        metavar="PATH",
        help="folder of the signed copies, or a name for one; with --sidecar beside the files where missing",
    )
    parser.add_argument("--force", action="store_true", help="replace files that are there already")
    add_kind(parser, "captured", "edited", "generated")
    parser.add_argument(
        "--sidecar",
        action="store_true",
        help="write each credential to a .c2pa file of its own; the file stays as it is",
    )
    parser.add_argument(
        "--assertions", type=Path, metavar="JSON", help="further assertions: author, licence, choices on training"
    )
    parser.add_argument("--thumbnail", action="store_true", help="put a small picture of the file into its credential")
    parser.add_argument(
        "--receipt",
        type=Path,
        metavar="CSV",
        help="record each signed file in one row; files that it records already, unchanged, are passed over",
    )
    add_workers(parser, default="one")
    add_home(parser)
    add_json(parser)
    add_verbose(parser)
    parser.epilog = "No pixel, sample or metadata byte is changed, and no mark is added: `facetrail seal` does that."
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, report: Report) -> CommandResult:
    """Sign every file; one that cannot be signed does not stop the others."""
    from forensics.cli.assertion_file import read_assertions
    from watermark import Deployment

    kind, assertions = chosen_kind(options), read_assertions(options.assertions)
    jobs = list_jobs(options.files, options.out, sidecar=options.sidecar)
    rows = {} if options.receipt is None else read_rows(options.receipt)
    done = {job for job in jobs if is_done(job, rows, kind.value)}
    waiting = [job for job in jobs if job not in done]
    if not options.force:
        for job in waiting:
            if job.path.exists():
                raise InputError(f"{job.path}: is there already; choose another place, or replace it with --force")
    deployment = Deployment.open(options.home)
    prepare = partial(signing, deployment, kind, assertions, thumbnail=options.thumbnail, sidecar=options.sidecar)
    with open_pool(worker_config_of(options), prepare) as pool:

        def answers() -> Iterator[CommandResult]:
            for place, (answer, row) in pool.work(waiting, report=report):
                report((place + 1) / len(waiting), f"signing {visible(waiting[place].source.name)}")
                if row is not None and options.receipt is not None:
                    append_row(options.receipt, row)
                yield answer

        answer = join_answers(answers())
    return _with_rows(answer, [rows[str(job.path)] for job in jobs if job in done])


@contextmanager
def signing(
    deployment: Deployment,
    kind: PayloadKind,
    assertions: tuple[OwnAssertion, ...],
    *,
    thumbnail: bool,
    sidecar: bool,
) -> Iterator[Work[Job, tuple[CommandResult, Row | None]]]:
    """Yield the function that signs one file; an error becomes its answer.

    Args:
        deployment: Deployment that signs.
        kind: What is stated about every file.
        assertions: Further assertions.
        thumbnail: Whether manifests get a small picture.
        sidecar: Whether credentials are written to files of their own.
    """
    from watermark import sign_unchanged

    def one(job: Job, report: Report) -> tuple[CommandResult, Row | None]:
        report(0.0, f"signing {visible(job.source.name)}")
        try:
            job.path.parent.mkdir(parents=True, exist_ok=True)
            receipt = sign_unchanged(
                job.source, job.path, kind, deployment, assertions=assertions, thumbnail=thumbnail, sidecar=sidecar
            )
        except expected_errors() as error:
            return refusal(error, job.source), None
        row = _row(receipt)
        return CommandResult(_text(row), (_entry(row),)), row

    yield one


def _with_rows(answer: CommandResult, rows: list[Row]) -> CommandResult:
    """Return the answer together with the files that were signed before."""
    if not rows:
        return answer
    note = f"{len(rows)} signed before, unchanged" if len(rows) > 1 else f"{rows[0].path}: signed before, unchanged"
    entries = tuple({**_entry(row), "earlier": True} for row in rows)
    text = "\n\n".join(part for part in (answer.text, visible(note)) if part)
    return CommandResult(text, (*answer.results, *entries), failed=answer.failed)


def _row(receipt: SignReceipt) -> Row:
    return Row(
        str(receipt.source),
        str(receipt.path),
        receipt.kind.value,
        receipt.source_sha256,
        receipt.sha256,
        receipt.credential.state.value,
        receipt.credential.fingerprint or "",
        receipt.time_stamp.value,
        "yes" if receipt.kept_credential else "no",
    )


def _text(row: Row) -> str:
    kept = ", with the earlier credential as its ingredient" if row.kept_credential == "yes" else ""
    lines = (
        row.path,
        f"  states      {row.kind}",
        f"  credential  {row.state}{kept}",
        f"  signed by   {row.fingerprint}",
        f"  time stamp  {row.time_stamp}",
        f"  sha256      {row.sha256}",
    )
    return "\n".join(map(visible, lines))


def _entry(row: Row) -> JsonObject:
    return {
        "source": row.source,
        "path": row.path,
        "kind": row.kind,
        "source_sha256": row.source_sha256,
        "sha256": row.sha256,
        "credential": {"state": row.state, "fingerprint": row.fingerprint or None},
        "time_stamp": row.time_stamp,
        "kept_credential": row.kept_credential == "yes",
        "earlier": False,
    }
