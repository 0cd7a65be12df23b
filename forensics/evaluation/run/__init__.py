"""Evaluate detectors on a corpus, or the scores of another program; what loads detectors is loaded when it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facetrail_lazy_door import lazy_door

from .corpus_evaluation import corpus_digest, evaluate_corpus
from .evaluate_scores import evaluate_files
from .evaluated import Evaluated, Settings, compare_evaluated, with_reports, write_results

if TYPE_CHECKING:
    from .control_shift import measure_control
    from .score_corpus import GROUP, frozen_threshold, key_of, rows_of_slice, score_samples
else:
    __getattr__ = lazy_door(__name__, __file__)

__all__ = [
    "GROUP",
    "Evaluated",
    "Settings",
    "compare_evaluated",
    "corpus_digest",
    "evaluate_corpus",
    "evaluate_files",
    "frozen_threshold",
    "key_of",
    "measure_control",
    "rows_of_slice",
    "score_samples",
    "with_reports",
    "write_results",
]
