"""Run `facetrail animate`: animate a source picture by a drive; the output is always marked and signed."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.cli.arguments import (
    add_home,
    add_json,
    add_out_file,
    add_seed,
    add_verbose,
    positive_int,
    refuse_existing,
)
from forensics.cli.input_files import answer_each
from forensics.cli.tracker_option import add_tracker, choice_of
from forensics.execution.command_result import CommandResult
from forensics.execution.progress import Report

if TYPE_CHECKING:
    from forensics.animation.animate import Animation, AnimationRequest
    from generator import DriveSequence
    from watermark import Deployment

REGIONS = ("eyes", "lips", "pose")
"""Regions of the face, as `generator.geometry` names them; here too, because `--help` imports no model."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "source",
        type=Path,
        metavar="SOURCE",
        help="picture whose identity and style stay, or a clip, of which the sharpest frontal frame is taken; "
        "a folder, or a .txt with one path a line, for several",
    )
    parser.add_argument(
        "drive",
        type=Path,
        metavar="DRIVE",
        help="clip, picture or motion file to follow: .npz of ours, .csv of Live Link Face, .json of MediaPipe; "
        "a folder or a .txt, as for sources",
    )
    add_out_file(
        parser,
        ".mp4 .mov .webm .webp .gif for a clip, .png .jpg .webp for a picture, or a folder for single frames; "
        ".mov, .webm, .webp and folders keep a source's transparency; with several sources or drives the folder of "
        "SOURCE--DRIVE.mp4",
    )
    _declare_model(parser.add_argument_group("model"))
    _declare_motion(parser.add_argument_group("motion"))
    _declare_sampling(parser.add_argument_group("sampling"))
    add_tracker(parser.add_argument_group("faces (box, landmarks and number are the source's)"), default=None)
    parser.add_argument(
        "--paste-back",
        action="store_true",
        help="put the result back into the source picture, at its resolution; the file then claims a composite",
    )
    parser.add_argument(
        "--fresh",
        action="store_true",
        help="start over; without it the same command continues what an interrupted one left beside the output",
    )
    add_seed(parser)
    add_home(parser)
    add_json(parser)
    add_verbose(parser)
    parser.set_defaults(run=run)


def _declare_model(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--preset",
        choices=("geometry", "mini", "sd15"),
        help="geometry moves the source's own pixels, without a network; mini and sd15 are sizes of the network "
        "(default: geometry; that of the weights, where they are named; mini, where an option or the drive asks for a "
        "network)",
    )
    group.add_argument(
        "--size",
        type=positive_int,
        metavar="N",
        help="side of the picture that geometry draws, 256 to 2048 (default: the source's own, at most 512)",
    )
    group.add_argument(
        "--weights",
        type=Path,
        metavar="DIR",
        help="model folder; `facetrail models import` makes one for sd15 (default: mini, in the package)",
    )
    group.add_argument(
        "--device", metavar="NAME", help="cpu, cuda or mps (default: cpu for mini, the fastest for sd15)"
    )
    group.add_argument(
        "--dtype",
        choices=("fp32", "bf16", "fp16"),
        help="precision of the network (default: fp32 on the CPU, else bf16)",
    )
    group.add_argument("--compile", action="store_true", help="compile the denoiser first; pays off for long clips")


def _declare_motion(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--mode",
        choices=("relative", "absolute"),
        help="follow the drive's change from its neutral moment, or its pose as it is (default: relative; absolute for "
        "a drive of one picture)",
    )
    group.add_argument(
        "--anchor",
        type=int,
        metavar="N",
        help="frame of the drive that shows what the source shows, the first is 0; for geometry",
    )
    group.add_argument(
        "--fps", type=float, metavar="X", help="frames a second of a motion file (default: deduced from the file)"
    )
    group.add_argument(
        "--regions",
        type=_regions,
        metavar="LIST",
        help="what follows the drive: eyes, lips, pose or all, with commas; eyes=0.5 sets a strength, 0 to 3; what is "
        "not named stays as in the source; for geometry (default: all)",
    )
    group.add_argument("--eyes", type=_scale, default=1.0, metavar="X", help="gain on lid motion (default: 1)")
    group.add_argument("--mouth", type=_scale, default=1.0, metavar="X", help="gain on mouth motion (default: 1)")
    group.add_argument(
        "--expression-strength", type=_scale, default=1.0, metavar="X", help="of the Expression Adapter (default: 1)"
    )


def _declare_sampling(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--sampler",
        choices=("ddim", "lcm", "tcd"),
        default="ddim",
        help="lcm and tcd take 4 steps, for weights distilled to that (default: ddim)",
    )
    group.add_argument(
        "--steps", type=positive_int, metavar="N", help="denoising steps (default: 2 for mini, 25 for sd15 with ddim)"
    )
    group.add_argument(
        "--guidance",
        type=_scale,
        metavar="X",
        help="classifier-free guidance, 1 for none (default: 3.5 for sd15 with ddim)",
    )
    group.add_argument(
        "--window", type=positive_int, default=24, metavar="N", help="frames denoised together, 12 to 32 (default: 24)"
    )
    group.add_argument(
        "--overlap", type=int, metavar="N", help="frames that windows share (default: 4 with ddim, else 0)"
    )


def _scale(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 0 on")
    return number


def _regions(text: str) -> tuple[tuple[str, float], ...]:
    """Read a list such as `eyes,lips=0.5`; the order in which regions are named does not count."""
    strengths: dict[str, float] = {}
    for part in text.split(","):
        name, given, number = part.strip().partition("=")
        strength = _scale(number) if given else 1.0
        if name not in (*REGIONS, "all") or strength > 3:
            raise argparse.ArgumentTypeError(f"{part} is none of {', '.join(REGIONS)}, all, with =X from 0 to 3")
        strengths |= {one: strength for one in (REGIONS if name == "all" else (name,))}
    return tuple(sorted(strengths.items()))


def run(options: argparse.Namespace, report: Report) -> CommandResult:
    """Track, align, generate, mark and seal."""
    from forensics.animation.several import plan_pairs
    from forensics.execution.progress import silent
    from watermark import Deployment

    deployment = Deployment.open(options.home)
    pairs = plan_pairs(options.source, options.drive, options.out)
    if pairs is None:
        return _animated(_request(options, options.source, options.drive, options.out), deployment, report, {})
    planned = {pair.out: pair for pair in pairs}
    motions: dict[Path, DriveSequence] = {}

    def one(out: Path) -> CommandResult:
        refuse_existing(out, force=options.force)
        pair = planned[out]
        return _animated(_request(options, pair.source, pair.drive, out), deployment, silent, motions)

    return answer_each(tuple(planned), one, "animating", report)


def _animated(
    request: AnimationRequest, deployment: Deployment, report: Report, motions: dict[Path, DriveSequence]
) -> CommandResult:
    from forensics.animation.animate import animate_file
    from forensics.reporting import animate_entry

    made = animate_file(request, deployment, report, motions)
    return CommandResult(_text(made), (animate_entry(made),))


def _request(options: argparse.Namespace, source: Path, drive: Path, out: Path) -> AnimationRequest:
    from forensics.animation.animate import AnimationRequest
    from forensics.synthesis.generator_forger import Engine
    from generator import AnimateConfig

    config = AnimateConfig(
        steps=options.steps,
        seed=options.seed,
        eyes=options.eyes,
        mouth=options.mouth,
        sampler=options.sampler,
        guidance=options.guidance,
        expression=options.expression_strength,
        window=options.window,
        overlap=options.overlap,
        paste_back=options.paste_back,
        size=options.size,
        anchor=options.anchor,
        regions=options.regions,
    )
    engine = Engine(
        options.preset, options.weights, options.device, options.dtype, compiled=options.compile, flame=options.flame
    )
    return AnimationRequest(
        source,
        drive,
        out,
        engine,
        config,
        options.mode,
        choice_of(options),
        options.fresh,
        options.fps,
    )


def _beside(made: Animation) -> str:
    sidecar = made.receipt.sidecar
    return "" if sidecar is None else f", in {sidecar.name} beside it, which belongs to the file"


def _text(made: Animation) -> str:
    what = f"{made.frames} frames" if made.frames > 1 else "one picture"
    lines = [
        f"{made.path}",
        f"  {what}, {made.receipt.width}x{made.receipt.height}, in {made.seconds.total:.1f} s",
        f"  mark        {made.receipt.payload.hex}",
        f"  credential  {made.receipt.credential.state}{_beside(made)}",
    ]
    lines += [f"  note        {note}" for note in made.notes]
    if str(made.sound):
        lines.append(f"  sound       {made.sound}")
    if made.continued:
        lines.insert(2, "  continued from where an earlier run had stopped")
    return "\n".join(lines)
