"""Run `facetrail report`: write the HTML page of a results folder with a signed card, or check a page."""

from __future__ import annotations

import argparse
from pathlib import Path

from forensics.cli.arguments import add_home, add_json, add_trust, add_verbose
from forensics.execution.command_result import CommandResult, JsonObject
from forensics.execution.progress import Report


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "folder", type=Path, nargs="?", metavar="DIR", help="results folder, as `evaluate -o` or `demo` leaves it"
    )
    parser.add_argument(
        "-o", "--out", type=Path, metavar="FILE", help="where the page goes (default: report.html in DIR)"
    )
    parser.add_argument("--force", action="store_true", help="replace a file that is there already")
    parser.add_argument(
        "--figures",
        type=Path,
        metavar="DIR",
        help="folder for figures/*.svg and tables/*.csv (default: beside the page, in a folder of its name)",
    )
    parser.add_argument("--no-faces", action="store_true", help="leave out every picture that shows a face")
    parser.add_argument(
        "--verify", type=Path, metavar="FILE", help="check a page against the signed card beside it, and make nothing"
    )
    add_trust(parser)
    add_home(parser)
    add_json(parser)
    add_verbose(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, report: Report) -> CommandResult:
    """Write a page, or check one."""
    from forensics.errors import UsageError

    if (options.folder is None) == (options.verify is None):
        raise UsageError("name either a results folder DIR or --verify FILE")
    return verify(options) if options.verify is not None else make(options)


def make(options: argparse.Namespace) -> CommandResult:
    """Read the results and write page, figures, tables and card."""
    from forensics.reporting import write_report
    from watermark import Deployment

    written = write_report(
        options.folder,
        Deployment.open(options.home),
        page=options.out,
        figures=options.figures,
        pictures=not options.no_faces,
    )
    text = f"{written.page}\n{written.card}\n{len(written.exports)} figures and tables in {written.exports_folder}"
    return CommandResult(
        text, ({"path": str(written.page), "card": str(written.card), "exports": len(written.exports)},)
    )


def verify(options: argparse.Namespace) -> CommandResult:
    """Compare a page and the files beside it with what was signed."""
    from dataclasses import replace

    from forensics.cli.trust_anchors import read_anchors
    from forensics.errors import InputError
    from forensics.reporting import verify_report
    from watermark import Deployment

    if not options.verify.is_file():
        raise InputError(
            f"{options.verify}: is no page; name the HTML file that `facetrail report` made", options.verify
        )
    policy = Deployment.open(options.home).trust
    found = verify_report(options.verify, replace(policy, anchors=(*policy.anchors, *read_anchors(options.trust))))
    there = len(found.card.files) - len(found.missing)
    gone = f"; signed files no longer there: {', '.join(found.missing)}" if found.missing else ""
    text = f"{options.verify}: as {found.signer} signed it, with {there - 1} files beside it{gone}"
    entry: JsonObject = {
        "path": str(options.verify),
        "signer": found.signer,
        "files": there,
        "missing": list(found.missing),
    }
    return CommandResult(text, (entry,))
