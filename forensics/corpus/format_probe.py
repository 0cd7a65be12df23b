"""Can the classes be told apart by how files are packed, without looking at a face?

A naive Bayes classifier on container, codec, size, rate and length, trained on half of the people's files and tried on
the other, both ways round. Its AUC is the part of a detector's AUC that nothing but the packaging may explain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import CorpusError
from .formats import Format, probe_format
from .manifest import Corpus
from .sample import Label, Sample, Slice

SUSPICIOUS = 0.6
"""AUC from which on the packaging gives the class away."""

FEWEST = 20
"""Files of each class below which an AUC says nothing."""

Features = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FormatProbe:
    """How well the packaging alone tells the classes apart.

    Attributes:
        auc: Mean AUC of the two halves; 0.5 says nothing.
        forged: Forged files.
        genuine: Genuine files.
    """

    auc: float
    forged: int
    genuine: int

    @property
    def is_suspicious(self) -> bool:
        """Whether there are enough files, and the packaging gives the class away."""
        return min(self.forged, self.genuine) >= FEWEST and self.auc > SUSPICIOUS


def probe_corpus(corpus: Corpus) -> FormatProbe | None:
    """Probe the main slice of a corpus.

    Args:
        corpus: The corpus; files that cannot be opened are passed over.

    Returns:
        The outcome, None where a half lacks a class.
    """
    rows = [(sample, found) for sample in corpus.where(slice=Slice.MAIN) if (found := _format(corpus, sample))]
    groups = sorted({sample.identities[0] for sample, _ in rows})
    odd = set(groups[::2])
    halves = [[row for row in rows if (row[0].identities[0] in odd) == side] for side in (True, False)]
    parts = [([_features(*row) for row in half], [row[0].label is Label.FORGED for row in half]) for half in halves]
    if any(len(set(labels)) < 2 for _, labels in parts):
        return None
    both = [
        rank_auc(_log_odds(*parts[1 - number], features), labels) for number, (features, labels) in enumerate(parts)
    ]
    forged = sum(sum(labels) for _, labels in parts)
    return FormatProbe(float(np.mean(both)), forged, len(rows) - forged)


def rank_auc(scores: Sequence[float], labels: Sequence[bool]) -> float:
    """Return the chance that a forged file scores above a genuine one, ties counting half (Mann & Whitney 1947)."""
    values, positive = np.asarray(scores), np.asarray(labels)
    above = values[positive][:, None] - values[~positive][None]
    return float((above > 0).mean() + 0.5 * (above == 0).mean())


def _features(sample: Sample, found: Format) -> Features:
    length = "still" if sample.is_still else f"{np.log2(sample.frames):.0f}"
    return found.container, found.codec, f"{found.width}x{found.height}", f"{found.fps:g}", length


def _log_odds(known: Sequence[Features], labels: Sequence[bool], asked: Iterable[Features]) -> list[float]:
    """Return the log odds of forged for features, each counted alone, with one imagined file of every class."""
    counts = [Counter((place, value) for features, label in zip(known, labels, strict=True) if label is forged
                      for place, value in enumerate(features)) for forged in (False, True)]  # fmt: skip
    totals = [len(labels) - sum(labels), sum(labels)]

    def odds(features: Features) -> float:
        terms = [
            np.log((counts[1][place, value] + 1) / (totals[1] + 2))
            - np.log((counts[0][place, value] + 1) / (totals[0] + 2))
            for place, value in enumerate(features)
        ]
        return float(np.round(sum(terms), 9))

    return [odds(features) for features in asked]


def _format(corpus: Corpus, sample: Sample) -> Format | None:
    try:
        return probe_format(corpus.files(sample)[0])
    except CorpusError:
        return None
