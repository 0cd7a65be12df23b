"""Run `facetrail corpus distort`: write distorted files for programs that only read folders."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.cli.arguments import add_out, add_seed, positive_int
from forensics.corpus import Corpus, Slice, Split
from forensics.execution.command_result import CommandResult, JsonObject
from forensics.execution.progress import Report

if TYPE_CHECKING:
    Actions = argparse._SubParsersAction[argparse.ArgumentParser]


def configure(actions: Actions) -> argparse.ArgumentParser:
    """Declare the arguments."""
    text = "write the samples of a corpus under a suite's distortions, with their labels, as lossless pictures"
    distort = actions.add_parser(
        "distort",
        help=text,
        description=text + ". `facetrail evaluate --scores FILE --distorted DIR` measures the answers.",
    )
    distort.add_argument("corpus", type=Path, metavar="CORPUS", help="corpus folder")
    distort.add_argument(
        "--suite", nargs="+", required=True, metavar="NAME", help="which; `facetrail evaluate --suite list` names them"
    )
    add_out(distort, "folder of the files")
    distort.add_argument(
        "--split", choices=[one.value for one in Split], default="test", help="which samples (default: test)"
    )
    distort.add_argument(
        "--per-clip", type=positive_int, default=8, metavar="N", help="most frames of one clip (default: 8)"
    )
    add_seed(distort)
    distort.set_defaults(run=run)
    return distort


def run(options: argparse.Namespace, report: Report) -> CommandResult:
    """Write the files."""
    from forensics.distortions import gather_cells
    from forensics.evaluation.robustness import write_distorted

    cells, absent = gather_cells(options.suite)
    corpus = Corpus.load(options.corpus)
    done = write_distorted(
        corpus,
        corpus.where(split=Split(options.split), slice=Slice.MAIN),
        [(cell.name, cell.severity) for cell in cells],
        options.out,
        per_clip=options.per_clip,
        seed=options.seed,
        report=report,
    )
    left_out = [
        *(
            f"{cell.name} {cell.parameter}: the installed PyAV has no encoder {cell.distortion.encoder}"
            for cell in absent
        ),
        *(f"{name}: it moves face boxes and leaves the files as they are" for name in done.only_boxes),
        *(f"{sample}: cannot be read" for sample in done.unreadable),
    ]
    lines = [
        str(options.out),
        f"  {done.files} pictures of {done.samples} samples, undistorted and under {done.cells} distortions; "
        f"{done.labels.name} lists them",
        *(f"  left out: {one}" for one in left_out),
        f"  next: facetrail evaluate --scores ANSWERS.csv --distorted {options.out} (columns file and score)",
    ]
    entry: JsonObject = {
        "path": str(options.out),
        "labels": str(done.labels),
        "files": done.files,
        "samples": done.samples,
        "cells": done.cells,
        "left_out": list(left_out),
    }
    return CommandResult("\n".join(lines), (entry,))
