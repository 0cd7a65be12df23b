"""Measure how a detector's scores change when genuine samples are marked."""

from __future__ import annotations

from forensics.corpus import Corpus, Slice
from forensics.evaluation import CLEAN, Level, Measure, ScoreTable

from .score_corpus import control_shift

MEAN, SHIFT = "mean_score/video", "score_shift_by_mark/video"


def measure_control(table: ScoreTable, corpus: Corpus, *, seed: int) -> tuple[Measure, ...]:
    """Return the mean score of genuine samples without and with a control mark, and the mean shift of the pairs.

    Args:
        table: Scores of both slices, one row per frame.
        corpus: The corpus, which links each control sample to its genuine one.
        seed: Seed of the bootstrap over identities.

    Returns:
        `mean_score/video` on the slices `main` and `control`, `score_shift_by_mark/video` on `control`; each counts
        the pairs as genuine.

    Raises:
        CorpusError: No control sample has its plain twin in the table.
    """
    found = control_shift(table, corpus, seed=seed)

    def measure(name: str, slice: Slice, value: float, low: float | None = None, high: float | None = None) -> Measure:
        return Measure(name, Level.VIDEO, slice.value, CLEAN, 0, value, low, high, 0, found.pairs)

    return (
        measure(MEAN, Slice.MAIN, found.plain),
        measure(MEAN, Slice.CONTROL, found.marked),
        measure(SHIFT, Slice.CONTROL, found.shift.value, found.shift.low, found.shift.high),
    )
