"""Write report pages: a results folder becomes one self-contained HTML file with figures, tables and a signed card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facetrail_lazy_door import lazy_door

if TYPE_CHECKING:
    from .blocks import Media
    from .card import verify_report
    from .compose import read_contents
    from .failure_pictures import ScoredTest, keep_failures
    from .failures import Failure, read_failures, write_failures
    from .gather import gather_results
    from .json_entries import animate_entry, compare_entry, evaluate_entry, examine_entry, read_entry, seal_entry
    from .manifest_listing import manifest_entries, manifest_text
    from .page import render_page, write_page
    from .trail import GalleryRow, ProvenanceRow, StageTime, Trail
    from .write import Written, write_report
else:
    __getattr__ = lazy_door(__name__, __file__)

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
    "gather_results",
    "keep_failures",
    "manifest_entries",
    "manifest_text",
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
