"""Report pages: typed contents in, one self-contained HTML file out."""

from __future__ import annotations

from .contents import (
    ControlRow,
    Estimate,
    GalleryRow,
    HeatMap,
    HeatRow,
    Histogram,
    KeyNumber,
    Measure,
    Media,
    ProvenanceRow,
    ReportContents,
    Reproduction,
    RocCurve,
    StageTime,
)
from .page import render_page, write_page

__all__ = [
    "ControlRow",
    "Estimate",
    "GalleryRow",
    "HeatMap",
    "HeatRow",
    "Histogram",
    "KeyNumber",
    "Measure",
    "Media",
    "ProvenanceRow",
    "ReportContents",
    "Reproduction",
    "RocCurve",
    "StageTime",
    "render_page",
    "write_page",
]
