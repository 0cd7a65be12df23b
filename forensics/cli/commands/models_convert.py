"""Run `facetrail models convert`: make a detector folder of a published checkpoint."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.cli.arguments import add_json, add_out, add_verbose, positive_int
from forensics.errors import UsageError
from forensics.execution.command_result import CommandResult, JsonObject
from forensics.execution.progress import Report

if TYPE_CHECKING:
    Actions = argparse._SubParsersAction[argparse.ArgumentParser]

NAMES = (
    "deepfakebench-xception", "deepfakebench-efficientnet_b4", "sbi", "effort", "gend", "universal-fake-detect", "timm",
)  # fmt: skip
"""The layouts; a test holds them equal to those of `detectors`, whose import takes too long for `--help`."""


def configure(actions: Actions) -> None:
    """Declare the arguments."""
    text = "make a detector of a published checkpoint, which is read without running anything in it"
    parser = actions.add_parser("convert", help=text, description=text)
    parser.add_argument("path", type=Path, metavar="FILE", help="checkpoint: .pth, .pt, .ckpt, .bin or .safetensors")
    parser.add_argument("--as", dest="layout", required=True, choices=NAMES, help="whose names its tensors have")
    add_out(parser, "detector folder to make")
    parser.add_argument(
        "--backbone",
        metavar="NAME_OR_FILE",
        help="timm: name of the model; universal-fake-detect: timm's file of CLIP (default: from the local cache)",
    )
    parser.add_argument("--size", type=positive_int, metavar="N", help="timm: side of its input in pixels")
    parser.add_argument("--normalise", choices=("imagenet", "clip", "half", "none"), help="timm: mean and divisor")
    parser.add_argument(
        "--manipulated", type=int, choices=(0, 1), default=1, help="class of manipulated pictures (default: 1)"
    )
    add_json(parser)
    add_verbose(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, report: Report) -> CommandResult:
    """Convert a checkpoint; where it does not fit, say what is missing and write nothing."""
    from detectors import TimmSettings, convert

    settings = None
    if options.layout == "timm":
        if options.backbone is None or options.size is None or options.normalise is None:
            raise UsageError("--as timm wants --backbone, --size and --normalise, which the file does not say")
        settings = TimmSettings(options.backbone, options.size, options.normalise)
    report(0.0, f"converting {options.path.name}")
    done = convert(
        options.path,
        options.layout,
        options.out,
        timm_settings=settings,
        backbone=None if settings is not None or options.backbone is None else Path(options.backbone),
        manipulated=options.manipulated,
    )
    unused = f"{len(done.unused)} tensors of the file were not needed" if done.unused else "every tensor was used"
    some = f": {', '.join(done.unused[:3])}{', …' if len(done.unused) > 3 else ''}" if done.unused else ""
    lines = [
        str(done.folder),
        f"  {done.spec.name}: {done.matched} tensors; {unused}{some}",
        f"  it sees {'whole frames' if done.spec.whole_frame else 'faces'} of {done.spec.input_size} px; nothing was "
        "measured with it yet, and it has neither calibration nor threshold",
        *((f"  note: {done.note}",) if done.note else ()),
        f"  next: facetrail evaluate CORPUS --detector {done.folder}",
    ]
    entry: JsonObject = {
        "path": str(done.folder),
        "detector": done.spec.name,
        "matched": done.matched,
        "unused": list(done.unused),
        "note": done.note,
    }
    return CommandResult("\n".join(lines), (entry,))
