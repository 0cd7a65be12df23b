"""`facetrail animate`: move a source picture by a drive; the output is always marked and signed."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..answers import Answer
from ..arguments import add_home, add_json, add_out, add_seed, add_verbose, positive_int
from ..progress import Report


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("source", type=Path, metavar="SOURCE", help="picture whose identity and style stay")
    parser.add_argument("drive", type=Path, metavar="DRIVE", help="clip, picture or saved motion (.npz) to follow")
    add_out(parser, ".mp4 for a clip, .png .jpg .webp for a picture, or a folder for single frames")
    parser.add_argument("--preset", choices=("mini", "sd15"), default="mini", help="size of the model (default: mini)")
    parser.add_argument("--weights", type=Path, metavar="DIR", help="model weights (default: those in the package)")
    parser.add_argument("--steps", type=positive_int, metavar="N", help="denoising steps (default: the preset's)")
    parser.add_argument(
        "--mode",
        choices=("relative", "absolute"),
        help="follow the drive's change from its neutral moment, or its pose as it is (default: relative; absolute for "
        "a drive of one picture)",
    )
    parser.add_argument(
        "--box",
        nargs=4,
        type=float,
        metavar=("LEFT", "TOP", "RIGHT", "BOTTOM"),
        help="where the source's face is, in pixels, if it is not found by itself",
    )
    add_seed(parser)
    add_home(parser)
    add_json(parser)
    add_verbose(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, report: Report) -> Answer:
    """Track, align, generate, mark, seal."""
    from watermark import Deployment

    from ..animation import AnimationRequest, animate_file
    from ..entries import animate_entry

    request = AnimationRequest(
        source=options.source,
        drive=options.drive,
        out=options.out,
        preset=options.preset,
        weights=options.weights,
        steps=options.steps,
        mode=options.mode,
        seed=options.seed,
        box=None if options.box is None else tuple(options.box),
    )
    made = animate_file(request, Deployment.open(options.home), report)
    what = f"{made.frames} frames" if made.frames > 1 else "one picture"
    text = (
        f"{made.path}\n"
        f"  {what}, {made.receipt.width}x{made.receipt.height}, in {made.seconds.total:.1f} s\n"
        f"  mark        {made.receipt.payload.hex}\n"
        f"  credential  {made.receipt.credential.state}"
    )
    return Answer(text, (animate_entry(made),))
