"""Run `facetrail seal`: mark and sign a file."""

from __future__ import annotations

import argparse
from pathlib import Path

from forensics.cli.arguments import add_home, add_json, add_out_file, add_verbose
from forensics.execution.command_result import CommandResult
from forensics.execution.progress import Report

_FORCED = "; seal as control although the file's credential says that a machine made it"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("file", type=Path, metavar="FILE", help="picture or clip to mark and sign")
    add_out_file(parser, "sealed file: .png .jpg .webp .avif .tif for a picture, .mp4 for a clip", force=_FORCED)
    parser.add_argument(
        "--kind",
        choices=("generated", "control"),
        default="generated",
        help="what the mark says: made by a generator, or genuine and marked for measurements (default: generated)",
    )
    add_home(parser)
    add_json(parser)
    add_verbose(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, report: Report) -> CommandResult:
    """Decode, mark, encode, sign and read back."""
    from forensics.reporting import seal_entry
    from watermark import Deployment, PayloadKind, seal_file

    report(0.0, f"sealing {options.file.name}")
    kind, deployment = PayloadKind(options.kind), Deployment.open(options.home)
    receipt = seal_file(options.file, options.out, kind, deployment, force=options.force)
    text = (
        f"{receipt.path}\n"
        f"  mark        {receipt.payload.hex}, {receipt.payload.kind}\n"
        f"  credential  {receipt.credential.state}\n"
        f"  time stamp  {receipt.time_stamp}\n"
        f"  sha256      {receipt.sha256}"
    )
    if receipt.resampled:
        text += f"\n  frame rate  was not constant; resampled to {receipt.fps:.3f} frames a second"
    if receipt.flattened:
        text += "\n  transparency  was laid over white"
    return CommandResult(text, (seal_entry(receipt),))
