"""Declare and read the arguments that select a tracker."""

from __future__ import annotations

import argparse
from pathlib import Path

from forensics.animation.tracking import TRACKERS, TrackerChoice
from forensics.cli.arguments import positive_int
from forensics.errors import UsageError


def add_tracker(
    parser: argparse.ArgumentParser | argparse._ArgumentGroup,
    default: str | None = TRACKERS[0],
    shown: str = "that of the preset",
) -> None:
    """Declare the arguments that `choice_of` reads.

    Args:
        parser: The parser, or a group of it.
        default: The tracker where none is named; None where it depends on something else.
        shown: What it depends on, for the help.
    """
    parser.add_argument(
        "--tracker",
        choices=TRACKERS,
        default=default,
        help=f"arkit reads the avatar head (default: {default or shown}); "
        "deca and smirk read FLAME with files of yours: DECA's weights are for non-commercial research, SMIRK's code "
        "is MIT and its weights' licence unclear",
    )
    parser.add_argument(
        "--tracker-weights",
        type=Path,
        metavar="FILE",
        help="deca_model.tar or SMIRK_em1.pt (default: models/deca or models/smirk in $FACETRAIL_HOME)",
    )
    parser.add_argument(
        "--flame",
        type=Path,
        metavar="FILE",
        help="FLAME's file, for deca and smirk (default: in models/flame in $FACETRAIL_HOME)",
    )
    parser.add_argument(
        "--box",
        nargs=4,
        type=float,
        metavar=("LEFT", "TOP", "RIGHT", "BOTTOM"),
        help="where the face is, in pixels, if it is not found by itself; in a clip: in its first frame, for deca and "
        "smirk in all of it",
    )
    parser.add_argument(
        "--face",
        type=positive_int,
        metavar="N",
        help="which of several faces, the largest is 1; a number that is not there lists the faces that were found",
    )
    parser.add_argument(
        "--landmarks",
        type=Path,
        metavar="FILE",
        help="68 iBUG points of the face instead of a box: npy, json, txt, pts",
    )


def choice_of(options: argparse.Namespace) -> TrackerChoice:
    """Return the choice of a tracker from the arguments that `add_tracker` declared.

    Raises:
        UsageError: Two of box, landmarks and number are given.
    """
    given = [name for name in ("box", "landmarks", "face") if getattr(options, name) is not None]
    if len(given) > 1:
        raise UsageError(f"--{given[0]} and --{given[1]} both say where the face is; give one of them")
    box = None if options.box is None else tuple(options.box)
    return TrackerChoice(options.tracker, options.tracker_weights, options.flame, box, options.landmarks, options.face)
