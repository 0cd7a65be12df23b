"""Write a complete report: page, figures, tables and signed card."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from watermark import Deployment

from .blocks import ReportContents
from .card import sign_report
from .compose import read_contents
from .exports import write_exports
from .gather import INNER
from .page import PAGE, write_page

_LOG = logging.getLogger(__name__)

_RECORDS = (
    "run.json",
    "trail.json",
    *(f"*/{name}" for name in ("evaluation.json", "measures.csv", "scores.csv", "validation.csv", "side_by_side.csv")),
    "*/failures/*",
)


@dataclass(frozen=True, slots=True)
class Written:
    """The files of a written report.

    Attributes:
        page: The page.
        card: Its signed card.
        exports: Figures and tables.
        exports_folder: Parent of their two folders.
        contents: Content of the page.
    """

    page: Path
    card: Path
    exports: tuple[Path, ...]
    exports_folder: Path
    contents: ReportContents


def write_report(
    folder: Path,
    deployment: Deployment,
    *,
    page: Path | None = None,
    figures: Path | None = None,
    pictures: bool = True,
) -> Written:
    """Write the report of a results folder.

    Args:
        folder: Output folder of `evaluate -o` or `demo`.
        deployment: The deployment that signs the card.
        page: Path of the page; `report.html` in the folder by default.
        figures: Parent of the folders `figures` and `tables`; by default a folder beside the page with its name.
        pictures: Whether faces are shown.

    Raises:
        ReportError: The folder is not a results folder, a record or picture in it is damaged, or the page cannot be
            written.
        IdentityError: The deployment cannot sign.
    """
    contents = read_contents(folder, pictures=pictures)
    path = write_page(contents, folder, page or folder / PAGE)
    place = figures or path.with_suffix("")
    exports = write_exports(contents, place)
    card = sign_report(path, contents.title, (*exports, *_records(folder)), deployment)
    _LOG.info("wrote report %s, its card %s and %d files to %s", path, card, len(exports), place)
    return Written(path, card, exports, place, contents)


def _records(folder: Path) -> Iterator[Path]:
    """Yield the records that a page was made from."""
    for root in (folder, folder / INNER):
        for pattern in _RECORDS:
            yield from sorted(root.glob(pattern))
