"""Measure whether a detector's maps show where a picture was manipulated, against the masks of a corpus."""

from .measuring import LocalisationPlan, measure_localisation
from .pixel_metrics import pixel_scores

__all__ = ["LocalisationPlan", "measure_localisation", "pixel_scores"]
