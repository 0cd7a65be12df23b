"""Report pages: a results folder in, one self-contained HTML file out, with its figures, tables and signed card."""

from __future__ import annotations

from .blocks import Media, ReportContents
from .card import Card, Verification, card_path, sign_report, verify_report
from .compose import compose, read_contents
from .exports import write_exports
from .failures import Failure, read_failures, write_failures
from .gather import DetectorResults, Results, gather
from .page import PAGE, render_page, write_page
from .trail import GalleryRow, ProvenanceRow, StageTime, Trail
from .write import Written, write_report

__all__ = [
    "PAGE",
    "Card",
    "DetectorResults",
    "Failure",
    "GalleryRow",
    "Media",
    "ProvenanceRow",
    "ReportContents",
    "Results",
    "StageTime",
    "Trail",
    "Verification",
    "Written",
    "card_path",
    "compose",
    "gather",
    "read_contents",
    "read_failures",
    "render_page",
    "sign_report",
    "verify_report",
    "write_exports",
    "write_failures",
    "write_page",
    "write_report",
]
