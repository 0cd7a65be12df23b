"""Write a report whole: page, figures, tables, signed card."""

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
    """What a report left on disk.

    Attributes:
        page: The page.
        card: Its signed card.
        exports: Figures and tables.
        exports_folder: Where their two folders lie.
        contents: What the page shows.
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
    """Make the report of a results folder.

    Args:
        folder: What `evaluate -o` or `demo` wrote.
        deployment: Who signs the card.
        page: Where the page goes; `report.html` in the folder by default.
        figures: Where the folders `figures` and `tables` go; by default beside the page, in a folder of its name.
        pictures: Whether faces are shown.

    Raises:
        ReportError: It is no results folder, a record or picture in it is damaged, or the page cannot be written.
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
    """Give the records that a page was made from."""
    for root in (folder, folder / INNER):
        for pattern in _RECORDS:
            yield from sorted(root.glob(pattern))
