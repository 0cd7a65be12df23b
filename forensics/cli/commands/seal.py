"""Run `facetrail seal`: mark and sign a file."""

from __future__ import annotations

import argparse
from pathlib import Path

from forensics.cli.arguments import add_home, add_json, add_out_file, add_verbose
from forensics.cli.kind_option import add_kind, chosen_kind
from forensics.execution.command_result import CommandResult, visible
from forensics.execution.progress import Report

_FORCED = "; seal as another kind although the file's credential says that a machine made it"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("file", type=Path, metavar="FILE", help="picture or clip to mark and sign")
    add_out_file(
        parser,
        "sealed file: .png .jpg .webp .avif .tif for a picture, .mp4 .mov .webm .webp .gif for a clip",
        force=_FORCED,
    )
    add_kind(parser, "captured", "edited", "generated", "control")
    parser.add_argument("--quality", type=quality, metavar="N", help="of a JPEG, WebP or AVIF, 1 to 100 (default: 95)")
    parser.add_argument(
        "--lossless", action="store_true", help="keep every marked pixel: PNG, TIFF, and WebP without loss"
    )
    add_home(parser)
    add_json(parser)
    add_verbose(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, report: Report) -> CommandResult:
    """Decode, mark, encode, sign and read back."""
    from forensics.reporting import seal_entry
    from watermark import Deployment, seal_file

    kind = chosen_kind(options)
    report(0.0, f"sealing {options.file.name}")
    deployment = Deployment.open(options.home)
    receipt = seal_file(
        options.file,
        options.out,
        kind,
        deployment,
        force=options.force,
        quality=options.quality,
        lossless=options.lossless,
    )
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
    if receipt.kept:
        text += f"\n  kept        {', '.join(receipt.kept)}"
    text += "".join(f"\n  lost        {visible(one)}" for one in receipt.lost)
    return CommandResult(text, (seal_entry(receipt),))


def quality(text: str) -> int:
    """Parse a coding quality, for `type=`."""
    number = int(text)
    if not 1 <= number <= 100:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1 to 100")
    return number
