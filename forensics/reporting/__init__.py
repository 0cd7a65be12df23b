"""Write report pages: a results folder becomes one self-contained HTML file with figures, tables and a signed card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forensics.lazy_door import lazy_door

from .blocks import Media
from .card import verify_report
from .compose import read_contents
from .failures import Failure, read_failures, write_failures
from .gather import gather
from .json_entries import animate_entry, compare_entry, evaluate_entry, examine_entry, read_entry, seal_entry
from .page import render_page, write_page
from .trail import GalleryRow, ProvenanceRow, StageTime, Trail
from .write import Written, write_report

if TYPE_CHECKING:
    from .failure_pictures import ScoredTest, keep_failures
else:
    __getattr__ = lazy_door(__name__, __file__)  # what shows failures loads detectors

__all__ = [
    "Failure",
    "GalleryRow",
    "Media",
    "ProvenanceRow",
    "ScoredTest",
    "StageTime",
    "Trail",
    "Written",
    "animate_entry",
    "compare_entry",
    "evaluate_entry",
    "examine_entry",
    "gather",
    "keep_failures",
    "read_contents",
    "read_entry",
    "read_failures",
    "render_page",
    "seal_entry",
    "verify_report",
    "write_failures",
    "write_page",
    "write_report",
]
