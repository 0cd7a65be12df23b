"""Run `facetrail track`: read the face parameters of a drive and write them to a reusable file."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.cli.arguments import add_json, add_out_file, add_verbose
from forensics.cli.tracker_option import add_tracker
from forensics.execution.command_result import CommandResult, JsonObject
from forensics.execution.progress import Report

if TYPE_CHECKING:
    from generator import DriveSequence
    from generator.trackers import ClipFit

_ARKIT = "arkit"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("video", type=Path, metavar="VIDEO", help="clip or picture of one face")
    add_out_file(
        parser,
        "motion file without any pixel of the drive: .npz of ours, .csv as of Live Link Face, or .json with "
        "MediaPipe's blendshapes",
    )
    parser.add_argument(
        "--anchor",
        type=int,
        metavar="N",
        help="frame of the clip that shows what the source will show, the first is 0; kept in .npz",
    )
    add_tracker(parser, _ARKIT)
    add_json(parser)
    add_verbose(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, report: Report) -> CommandResult:
    """Track the face and save its motion."""
    from dataclasses import replace

    from forensics.animation.tracking import fit_file
    from forensics.cli.tracker_option import choice_of
    from generator import write_motion

    text = _check(options)
    choice = choice_of(options)
    choice = replace(choice, name=choice.name or _ARKIT)
    _check_tracker(options, choice.name, text=text)
    tracked = fit_file(options.video, choice, report)
    drive = _anchored(tracked.drive, options)
    write_motion(drive, options.out)
    entry: JsonObject = {
        "path": str(options.out),
        "frames": len(drive),
        "fps": float(drive.fps),
        "tracker": choice.name,
        "face_model": drive.face_model,
    }
    lines = [f"{options.out}", f"  {len(drive)} frames at {drive.fps:g} a second, {drive.face_model} by {choice.name}"]
    if drive.anchor is not None:
        entry["anchor"] = drive.anchor
    if tracked.fit is not None:
        entry |= _quality(tracked.fit)
        lines.append(_sentence(tracked.fit))
    return CommandResult("\n".join(lines), (entry,))


def _check(options: argparse.Namespace) -> bool:
    """Check the output, and return whether its format is one of text, which holds ARKit coefficients alone.

    Raises:
        InputError: The suffix or the folder does not fit.
        UsageError: The format cannot keep the anchor, or the anchor is negative.
    """
    from forensics.errors import InputError, UsageError
    from generator import MOTION_SUFFIXES

    suffix = options.out.suffix.lower()
    if suffix not in MOTION_SUFFIXES:
        raise InputError(f"{options.out}: a motion file ends in {', '.join(MOTION_SUFFIXES)}", options.out)
    if not options.out.parent.is_dir():
        raise InputError(f"{options.out}: the folder {options.out.parent} does not exist; make it first", options.out)
    if options.anchor is not None and suffix != ".npz":
        raise UsageError(f"{suffix} cannot keep --anchor; write .npz, or give --anchor to `facetrail animate`")
    if options.anchor is not None and options.anchor < 0:
        raise UsageError(f"--anchor is {options.anchor}; give the number of a frame, the first is 0")
    return bool(suffix != ".npz")


def _check_tracker(options: argparse.Namespace, name: str | None, *, text: bool) -> None:
    from forensics.errors import UsageError

    if text and name != _ARKIT:
        raise UsageError(
            f"{options.out.suffix} holds ARKit coefficients, which tracker {name} does not read; take --tracker "
            f"{_ARKIT}, or write .npz"
        )


def _anchored(drive: DriveSequence, options: argparse.Namespace) -> DriveSequence:
    from forensics.errors import InputError

    if options.anchor is not None and options.anchor >= len(drive):
        raise InputError(
            f"{options.video}: has no frame {options.anchor} for --anchor; it has frames 0 to {len(drive) - 1}",
            options.video,
        )
    return drive.anchored(options.anchor)


def _quality(fit: ClipFit) -> JsonObject:
    return {
        "tracked": fit.tracked,
        "neutral": fit.neutral,
        "reprojection": _spread(fit.reprojection.tolist()),
        "misfit": _spread(fit.moving.tolist()),
    }


def _spread(values: Sequence[float]) -> JsonObject:
    """Return median and maximum over the frames, in distances of the outer eye corners."""
    return {"median": float(sorted(values)[len(values) // 2]), "max": float(max(values))}


def _sentence(fit: ClipFit) -> str:
    quality = sorted(fit.reprojection.tolist())[len(fit.reprojection) // 2]
    return (
        f"  face in {fit.tracked:.0%} of the frames; the head lies {quality:.1%} of the eyes' distance from the face "
        f"mesh; at rest in frame {fit.neutral}"
    )
