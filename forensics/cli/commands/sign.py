"""Run `facetrail sign`: add a credential to files and leave everything else in them as it is."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.cli.arguments import add_home, add_json, add_verbose
from forensics.cli.kind_option import add_kind, chosen_kind
from forensics.cli.signing_list import Job, Row, list_jobs
from forensics.cli.signing_run import Answer, add_statements, catching, work_through
from forensics.execution.command_result import CommandResult, JsonObject, visible
from forensics.execution.progress import Report
from forensics.execution.workers import Work

if TYPE_CHECKING:
    from watermark import Deployment, NamedIdentity, OwnAssertion, PayloadKind, SignReceipt

UPDATED = "updated"
"""What a receipt states instead of a kind, where a credential was updated."""


@dataclass(frozen=True, slots=True)
class SignOptions:
    """What `facetrail sign` does to every file.

    Attributes:
        kind: What is stated about it; None where its credential is updated.
        assertions: Further assertions.
        thumbnail: Whether manifests get a small picture.
        sidecar: Whether credentials are written to files of their own.
        redact: Labels of assertions to take out.
        reason: Why.
        named: Who is named in a CAWG identity assertion.
    """

    kind: PayloadKind | None
    assertions: tuple[OwnAssertion, ...]
    thumbnail: bool
    sidecar: bool
    redact: tuple[str, ...]
    reason: str | None
    named: NamedIdentity | None


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
    add_statements(parser)
    _add_update(parser)
    _add_named(parser)
    add_home(parser)
    add_json(parser)
    add_verbose(parser)
    parser.epilog = "No pixel, sample or metadata byte is changed, and no mark is added: `facetrail seal` does that."
    parser.set_defaults(run=run)


def _add_update(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "updates", "add to the credential that a file has, or take something out of it; the content goes unmentioned"
    )
    group.add_argument("--update", action="store_true", help="write an update manifest, with the --assertions")
    group.add_argument(
        "--redact", action="append", default=[], metavar="LABEL", help="take this assertion out of earlier manifests"
    )
    group.add_argument(
        "--reason",
        choices=("personal-data", "invalid-data", "trade-secret", "confidential"),
        help="why it is taken out, which everybody can read",
    )


def _add_named(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "a CAWG identity", "names a person or an organisation beside your signature; both keys must lie in files"
    )
    group.add_argument("--cawg", type=Path, metavar="PEM", help="their certificate, then its issuers")
    group.add_argument("--cawg-key", type=Path, metavar="PEM", help="its private key, without a password")
    group.add_argument(
        "--cawg-role",
        action="append",
        default=[],
        choices=("creator", "contributor", "editor", "producer", "publisher", "sponsor"),
        help="their part in the content; may be given several times",
    )


def run(options: argparse.Namespace, report: Report) -> CommandResult:
    """Sign every file; one that cannot be signed does not stop the others."""
    from forensics.storage.assertion_file import read_assertions
    from watermark import Deployment

    updates = options.update or bool(options.redact)
    _check_combination(options, updates=updates)
    kind = None if updates else chosen_kind(options)
    chosen = SignOptions(
        kind,
        read_assertions(options.assertions),
        options.thumbnail,
        options.sidecar,
        tuple(options.redact),
        options.reason,
        _named(options),
    )
    jobs = list_jobs(options.files, options.out, sidecar=options.sidecar)
    prepare = partial(signing, Deployment.open(options.home), chosen)
    stated = UPDATED if kind is None else kind.value
    return work_through(options, jobs, stated, prepare, _entry, report, marked=False)


def _check_combination(options: argparse.Namespace, *, updates: bool) -> None:
    from forensics.errors import UsageError

    if updates and (options.sidecar or options.thumbnail or options.kind or options.cawg):
        raise UsageError("an update states no --kind, and has no --sidecar, --thumbnail or --cawg; sign the file anew")
    if bool(options.redact) != bool(options.reason):
        raise UsageError("--redact and --reason belong together: everybody can read why an assertion was taken out")
    if (options.cawg is None) != (options.cawg_key is None) or (options.cawg_role and options.cawg is None):
        raise UsageError("a CAWG identity needs --cawg and --cawg-key")


def _named(options: argparse.Namespace) -> NamedIdentity | None:
    from forensics.cli.trust_anchors import read_pem
    from watermark import NamedIdentity

    if options.cawg is None:
        return None
    return NamedIdentity(read_pem(options.cawg), options.cawg_key, tuple(f"cawg.{role}" for role in options.cawg_role))


@contextmanager
def signing(deployment: Deployment, chosen: SignOptions) -> Iterator[Work[Job, Answer]]:
    """Yield the function that signs one file; an error becomes its answer.

    Args:
        deployment: Deployment that signs.
        chosen: What is done to every file.
    """
    from watermark import sign_unchanged, update_credential

    def one(job: Job) -> Answer:
        if chosen.kind is None:
            receipt = update_credential(
                job.source,
                job.path,
                deployment,
                assertions=chosen.assertions,
                redact=chosen.redact,
                reason=chosen.reason,
            )
        else:
            receipt = sign_unchanged(
                job.source,
                job.path,
                chosen.kind,
                deployment,
                assertions=chosen.assertions,
                thumbnail=chosen.thumbnail,
                sidecar=chosen.sidecar,
                named=chosen.named,
            )
        row = _row(receipt)
        return CommandResult(_text(row), (_entry(row),)), row

    yield catching(one, "signing")


def _row(receipt: SignReceipt) -> Row:
    return Row(
        str(receipt.source),
        str(receipt.path),
        UPDATED if receipt.kind is None else receipt.kind.value,
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
