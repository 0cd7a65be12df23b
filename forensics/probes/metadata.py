"""Can the classes be told apart by how files are packed, without looking at a face?

Boosted trees on what a file is like on the outside, fitted on some people's files and tried on others'. What they reach
is the part of a detector's AUC that packaging may explain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forensics.corpus.manifest import Corpus
from forensics.corpus.sample import Label, Sample, Slice
from forensics.errors import CorpusError
from forensics.progress import Report, silent

from .folds import Fit, cross_validate, people_of, trees
from .outcome import FEWEST, SUSPICIOUS, Outcome, auc_measure, gives_away, in_words
from .packaging import EVERYTHING, PACKAGING, STREAM, Value, columns_of, describe_file

SETS: Mapping[str, tuple[str, ...]] = {"all": EVERYTHING, "stream": STREAM, "packaging": PACKAGING}
"""`all`: whatever a file shows, its size among it. `stream`: what decoding passes on to the pixels. `packaging`: what
`corpus check` compares, without any size in bytes."""


@dataclass(frozen=True, slots=True)
class Packaging:
    """How well the packaging alone tells the classes apart.

    Attributes:
        auc: 0.5 says nothing.
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


def probe_packaging(corpus: Corpus) -> Packaging | None:
    """Probe the main slice of a corpus by container, codec, picture size, rate and length.

    Args:
        corpus: The corpus; files that cannot be opened are passed over.

    Returns:
        The outcome, None where there are too few people to try it on others.
    """
    samples, rows = read_files(corpus, corpus.where(slice=Slice.MAIN))
    fit = _fit(samples, rows, PACKAGING, seed=0) if samples else None
    if fit is None:
        return None
    from forensics.evaluation.metrics import auc

    labels = _labels(samples)
    return Packaging(auc(labels, fit.scores), int(labels.sum()), int((labels == 0).sum()))


def probe_metadata(corpus: Corpus, *, seed: int, replicates: int = 1000, report: Report = silent) -> Outcome:
    """Probe the main slice of a corpus by everything that files show on the outside.

    Args:
        corpus: The corpus; files that cannot be opened are passed over.
        seed: Of folds, trees and bootstrap.
        replicates: Of the bootstrap.
        report: Is told how far the work is.

    Returns:
        `auc/video` on the slices of `SETS`, and a warning where it `gives_away` the class.

    Raises:
        CorpusError: There are too few people to try it on others.
    """
    samples, rows = read_files(corpus, corpus.where(slice=Slice.MAIN), report)
    labels, identities = _labels(samples), [sample.identities for sample in samples]
    measures, warnings = [], []
    for name, features in SETS.items():
        fit = _fit(samples, rows, features, seed) if samples else None
        if fit is None:
            raise CorpusError(f"{corpus.root} has too few people of both classes for a probe", corpus.root)
        apart = "people" if fit.disjoint else "looks; drives are shared"
        note = f"{fit.folds} folds of {apart}; features: {', '.join(features)}"
        measure = auc_measure("auc", name, labels, fit.scores, identities, seed=seed, replicates=replicates, note=note)
        measures.append(measure)
        if gives_away(measure):
            warnings.append(_WARNINGS[name].format(in_words(measure)))
    return Outcome(
        "metadata",
        f"boosted trees on {len(samples)} files of all splits, other people",
        tuple(measures),
        tuple(warnings),
    )


_WARNINGS = {
    "all": "metadata alone, file size among it, tells the classes apart with AUC {}: whatever reads the files "
    "themselves can cheat",
    "stream": "codec, picture size, rate and coded size alone tell the classes apart with AUC {}: a detector's AUC on "
    "these files may rest on how they were encoded",
    "packaging": "container, codec, picture size, rate and length alone tell the classes apart with AUC {}: encode "
    "both classes alike",
}


def read_files(
    corpus: Corpus, samples: Sequence[Sample], report: Report = silent
) -> tuple[list[Sample], list[Mapping[str, Value]]]:
    """Describe the files of samples; those that cannot be opened are passed over."""
    kept, rows = [], []
    for number, sample in enumerate(samples):
        report(number / len(samples), "reading how files are packed")
        try:
            rows.append(describe_file(corpus, sample))
        except CorpusError:
            continue
        kept.append(sample)
    return kept, rows


def _fit(
    samples: Sequence[Sample], rows: Sequence[Mapping[str, Value]], names: tuple[str, ...], seed: int
) -> Fit | None:
    columns = columns_of(rows, names)
    groups, disjoint = people_of(samples)
    return cross_validate(
        lambda: trees(seed, columns.categorical), columns.values, _labels(samples), groups, seed=seed, disjoint=disjoint
    )


def _labels(samples: Sequence[Sample]) -> np.ndarray:
    return np.array([sample.label is Label.FORGED for sample in samples], dtype=np.int64)
