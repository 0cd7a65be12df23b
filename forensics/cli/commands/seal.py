"""Run `facetrail seal`: mark and sign files."""

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
    from watermark import Deployment, OwnAssertion, PayloadKind, SealReceipt

_SUFFIXES = {".heic": ".jpg", ".heif": ".jpg", ".m4v": ".mp4", ".mkv": ".mp4"}
"""Suffixes of copies in a folder whose sources are of a kind that is read and not written."""


@dataclass(frozen=True, slots=True)
class SealOptions:
    """What `facetrail seal` does to every file.

    Attributes:
        kind: What is stated about it.
        force: As for `seal_file`.
        fragmented: As for `seal_file`.
        quality: As for `seal_file`.
        lossless: As for `seal_file`.
        assertions: Further assertions.
        thumbnail: Whether manifests get a small picture.
    """

    kind: PayloadKind
    force: bool
    fragmented: bool
    quality: int | None
    lossless: bool
    assertions: tuple[OwnAssertion, ...]
    thumbnail: bool


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="picture, clip, folder or pattern to mark and sign")
    parser.add_argument(
        "-o",
        "--out",
        type=Path,
        required=True,
        metavar="PATH",
        help="folder of the sealed files, or a name for one: .png .jpg .webp .avif .tif for a picture, .mp4 .mov .webm "
        ".webp .gif for a clip",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="replace files that are there already; seal as another kind although a file's credential says that a "
        "machine made it",
    )
    add_kind(parser, "captured", "edited", "generated", "control")
    parser.add_argument("--quality", type=quality, metavar="N", help="of a JPEG, WebP or AVIF, 1 to 100 (default: 95)")
    parser.add_argument(
        "--lossless", action="store_true", help="keep every marked pixel: PNG, TIFF, and WebP without loss"
    )
    parser.add_argument("--fragmented", action="store_true", help="write an MP4 or MOV in fragments, for streaming")
    add_statements(parser)
    add_home(parser)
    add_json(parser)
    add_verbose(parser)
    parser.epilog = "In a folder, HEIC becomes JPEG, and Matroska becomes MP4."
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, report: Report) -> CommandResult:
    """Decode, mark, encode, sign and read back every file; one that cannot be sealed does not stop the others."""
    from forensics.storage.assertion_file import read_assertions
    from watermark import Deployment

    kind = chosen_kind(options)
    chosen = SealOptions(
        kind,
        options.force,
        options.fragmented,
        options.quality,
        options.lossless,
        read_assertions(options.assertions),
        options.thumbnail,
    )
    jobs = list_jobs(options.files, options.out, suffixes=_SUFFIXES)
    prepare = partial(sealing, Deployment.open(options.home), chosen)
    return work_through(options, jobs, kind.value, prepare, _entry_of_row, report, marked=True)


@contextmanager
def sealing(deployment: Deployment, chosen: SealOptions) -> Iterator[Work[Job, Answer]]:
    """Yield the function that seals one file; an error becomes its answer.

    Args:
        deployment: Deployment that signs.
        chosen: What is done to every file.
    """
    from forensics.reporting import seal_entry
    from watermark import file_hash, seal_file

    def one(job: Job) -> Answer:
        receipt = seal_file(
            job.source,
            job.path,
            chosen.kind,
            deployment,
            force=chosen.force,
            fragmented=chosen.fragmented,
            quality=chosen.quality,
            lossless=chosen.lossless,
            assertions=chosen.assertions,
            thumbnail=chosen.thumbnail,
        )
        entry = {"source": str(job.source), **seal_entry(receipt), "earlier": False}
        return CommandResult(_text(receipt), (entry,)), _row(job, receipt, file_hash(job.source))

    yield catching(one, "sealing")


def _row(job: Job, receipt: SealReceipt, source_sha256: str) -> Row:
    return Row(
        str(job.source),
        str(job.path),
        receipt.payload.kind.value,
        source_sha256,
        receipt.sha256,
        receipt.credential.state.value,
        receipt.credential.fingerprint or "",
        receipt.time_stamp.value,
        "yes" if _keeps_a_credential(receipt) else "no",
        receipt.payload.hex,
        "; ".join(receipt.kept),
        "; ".join(receipt.lost),
    )


def _keeps_a_credential(receipt: SealReceipt) -> bool:
    """Return whether the source had a credential, which the new one keeps."""
    from watermark import manifest_notes

    return any(one.manifest for one in manifest_notes(receipt.credential)[0].ingredients)


def _entry_of_row(row: Row) -> JsonObject:
    return {
        "source": row.source,
        "path": row.path,
        "sha256": row.sha256,
        "kind": row.kind,
        "mark": {"id": row.mark},
        "credential": {"state": row.state},
        "time_stamp": row.time_stamp,
        "kept": [part for part in row.kept.split("; ") if part],
        "lost": [part for part in row.lost.split("; ") if part],
        "earlier": True,
    }


def _text(receipt: SealReceipt) -> str:
    lines = [
        str(receipt.path),
        f"  mark        {receipt.payload.hex}, {receipt.payload.kind}",
        f"  credential  {receipt.credential.state}",
        f"  time stamp  {receipt.time_stamp}",
        f"  sha256      {receipt.sha256}",
    ]
    if receipt.resampled:
        lines.append(f"  frame rate  was not constant; resampled to {receipt.fps:.3f} frames a second")
    if receipt.flattened:
        lines.append("  transparency  was laid over white")
    if receipt.kept:
        lines.append(f"  kept        {', '.join(receipt.kept)}")
    if receipt.sidecar is not None:
        lines.append(f"  beside      {receipt.sidecar} holds the credential")
    lines += [f"  lost        {one}" for one in receipt.lost]
    return "\n".join(map(visible, lines))


def quality(text: str) -> int:
    """Parse a coding quality, for `type=`."""
    number = int(text)
    if not 1 <= number <= 100:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1 to 100")
    return number
