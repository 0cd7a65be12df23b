"""Evaluate detectors on a corpus, or the scores of another program."""

from __future__ import annotations

from .control_shift import measure_control
from .evaluate_corpus import (
    Evaluated,
    Settings,
    compare_evaluated,
    corpus_digest,
    evaluate_corpus,
    with_reports,
    write_results,
)
from .evaluate_scores import evaluate_files
from .score_corpus import GROUP, frozen_threshold, key_of, rows_of_slice, score_samples

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
