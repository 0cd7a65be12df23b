"""Run `facetrail track`: read the face parameters of a drive and write them to a reusable file."""

from __future__ import annotations

import argparse
from pathlib import Path

from forensics.cli.arguments import add_json, add_out_file, add_verbose
from forensics.cli.tracker_option import add_tracker
from forensics.execution.command_result import CommandResult, JsonObject
from forensics.execution.progress import Report


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("video", type=Path, metavar="VIDEO", help="clip or picture of one face")
    add_out_file(parser, "motion file, .npz; it keeps no pixel of the drive")
    add_tracker(parser)
    add_json(parser)
    add_verbose(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, report: Report) -> CommandResult:
    """Track the face and save its motion."""
    from forensics.animation.tracking import track_file
    from forensics.cli.tracker_option import choice_of
    from forensics.errors import InputError

    if options.out.suffix.lower() != ".npz":
        raise InputError(f"{options.out}: a motion file ends in .npz", options.out)
    if not options.out.parent.is_dir():
        raise InputError(f"{options.out}: the folder {options.out.parent} does not exist; make it first", options.out)
    choice = choice_of(options)
    drive = track_file(options.video, choice, report)
    drive.save(options.out)
    entry: JsonObject = {
        "path": str(options.out),
        "frames": len(drive),
        "fps": float(drive.fps),
        "tracker": choice.name,
        "face_model": drive.face_model,
    }
    return CommandResult(
        f"{options.out}\n  {len(drive)} frames at {drive.fps:g} a second, {drive.face_model} by {choice.name}", (entry,)
    )
