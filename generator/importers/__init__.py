"""Import published weights as a model folder, strictly and with a report; this is the package's public interface."""

from __future__ import annotations

from .assembly import ImportPlan, ImportReport, import_sd15
from .inspection import Inspection, inspect_weights
from .part import ImportRefusedError, PartReport
from .sizes import sd15_sizes

__all__ = [
    "ImportPlan",
    "ImportRefusedError",
    "ImportReport",
    "Inspection",
    "PartReport",
    "import_sd15",
    "inspect_weights",
    "sd15_sizes",
]
