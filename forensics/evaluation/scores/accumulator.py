"""Collect scores batch by batch, with eight bytes per frame; shards can be merged."""

from __future__ import annotations

from array import array
from dataclasses import replace

import numpy as np

from forensics.evaluation.errors import ScoresError
from forensics.evaluation.metrics.counts import Counts, Floats, Labels, Ranking

from .aggregation import Aggregation, aggregate
from .score_table import ScoreTable


class ScoreAccumulator:
    """Collected tables of frames; the frames of one video may come in several batches."""

    def __init__(self) -> None:
        self._facts: dict[str, ScoreTable] = {}
        self._scores: dict[str, array[float]] = {}
        self._blind: dict[str, array[float]] = {}

    def __len__(self) -> int:
        """Count the frames."""
        return sum(map(len, self._scores.values())) + sum(map(len, self._blind.values()))

    def add(self, table: ScoreTable) -> None:
        """Add a batch of frames.

        Raises:
            ScoresError: A video was added before with another label, slice, method, attribute or set of identities.
        """
        _, first, video_of = np.unique(np.array(table.videos), return_index=True, return_inverse=True)
        order = np.argsort(video_of, kind="stable")
        ends = np.cumsum(np.bincount(video_of))[:-1]
        for row, rows in zip(first.tolist(), np.split(order, ends), strict=True):
            facts = replace(table.rows([row]), scores=np.zeros(1), covered=np.ones(1, dtype=np.bool_))
            video = table.videos[row]
            self._know(video, facts)
            seen = table.covered[rows]
            self._extend(video, table.scores[rows[seen]], table.scores[rows[~seen]])

    def merge(self, other: ScoreAccumulator) -> None:
        """Add what another shard collected.

        Raises:
            ScoresError: As for `add`.
        """
        for video, facts in other._facts.items():
            self._know(video, facts)
            self._extend(video, np.array(other._scores[video]), np.array(other._blind[video]))

    def videos(self, how: Aggregation = Aggregation.MEAN) -> ScoreTable:
        """Return one row per video, as `ScoreTable.by_video` does.

        Args:
            how: Aggregation of frame scores into a video's score.

        Raises:
            ScoresError: Nothing was added, or the aggregation needs probabilities and a score lies outside 0–1.
        """
        seen = np.array([bool(scores) for scores in self._scores.values()])
        counted = [self._scores[video] or self._blind[video] for video in self._facts]
        video_of = np.repeat(np.arange(len(counted)), [len(scores) for scores in counted])
        table = ScoreTable.joined(list(self._facts.values()))
        scores = aggregate(np.concatenate([np.array(one) for one in counted]), video_of, how)
        return replace(table, scores=scores, covered=seen)

    def frames(self) -> tuple[Labels, Floats]:
        """Return labels and scores of all frames, video by video, for any metric at frame level."""
        if not self._facts:
            raise ScoresError("no scores were gathered")
        parts = [np.array(self._scores[video] + self._blind[video]) for video in self._facts]
        labels = np.repeat([int(facts.labels[0]) for facts in self._facts.values()], list(map(len, parts)))
        return labels, np.concatenate(parts)

    def counts(self) -> Counts:
        """Count the frames at each distinct score, which is all that a metric at frame level needs."""
        return Ranking(*self.frames()).counts()

    def _know(self, video: str, facts: ScoreTable) -> None:
        known = self._facts.setdefault(video, facts)
        if known is not facts:
            ScoreTable.joined([known, facts])

    def _extend(self, video: str, seen: Floats, blind: Floats) -> None:
        self._scores.setdefault(video, array("d")).extend(seen.tolist())
        self._blind.setdefault(video, array("d")).extend(blind.tolist())
