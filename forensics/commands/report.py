"""`facetrail report`: turn a results folder into one HTML page."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..answers import Answer
from ..arguments import add_json, add_verbose
from ..progress import Report


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder with a results.json, as `demo` leaves it")
    add_json(parser)
    add_verbose(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, report: Report) -> Answer:
    """Read the results and write the page."""
    from ..reporting import ReportContents, write_page

    page = write_page(ReportContents.load(options.folder), options.folder)
    return Answer(str(page), ({"path": str(page)},))
