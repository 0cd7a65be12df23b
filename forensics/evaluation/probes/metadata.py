"""Can the classes be told apart by how files are packed, without looking at a face?

Boosted trees on what a file is like on the outside, fitted on some people's files and tried on others'. What they reach
is the part of a detector's AUC that packaging may explain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from forensics.corpus import Complaint, Corpus, Fault, Label, Sample, Slice
from forensics.errors import CorpusError
from forensics.evaluation import Measure
from forensics.execution.progress import Report, silent

from .folds import Fit, cross_validate, people_of, trees
from .outcome import FEWEST, SUSPICIOUS, Outcome, auc_measure, gives_away, in_words
from .packaging import EVERYTHING, PACKAGING, STREAM, Value, columns_of, describe_file

SETS: Mapping[str, tuple[str, ...]] = {"all": EVERYTHING, "stream": STREAM, "packaging": PACKAGING}
"""`all`: whatever a file shows, its size among it. `stream`: what decoding passes on to the pixels. `packaging`: what
`corpus check` compares, without any size in bytes."""

SEALED = ", both sealed"
"""Ends the name of a slice whose genuine files carry a control mark and a signature, as forgeries do."""


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


def check_packaging(corpus: Corpus, probe: Packaging | None) -> tuple[Complaint, ...]:
    """Complain where the packaging of published files, which differ among themselves, gives the class away.

    Args:
        corpus: What was probed; only one that refers to files elsewhere is complained of.
        probe: What `probe_packaging` returned.
    """
    if not corpus.places or probe is None or not probe.is_suspicious:
        return ()
    message = f"packaging alone tells the classes apart with AUC {probe.auc:.2f}; encode both alike before training"
    return (Complaint(Fault.FORMAT, message, ()),)


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
    from forensics.evaluation.metrics.classification import auc

    labels = _labels(samples)
    return Packaging(auc(labels, fit.scores), int(labels.sum()), int((labels == 0).sum()))


def probe_metadata(corpus: Corpus, *, seed: int, replicates: int = 1000, report: Report = silent) -> Outcome:
    """Probe a corpus by everything that files show on the outside.

    Every forgery of ours is marked and signed, which shows on the outside and is meant to. Where the corpus has genuine
    files under a control mark, the probe is tried on these too: what tells them from forgeries is not our seal.

    Args:
        corpus: The corpus; files that cannot be opened are passed over.
        seed: Of folds, trees and bootstrap.
        replicates: Of the bootstrap.
        report: Is told how far the work is.

    Returns:
        `auc/video` on the slices of `SETS`, also with both classes sealed, and a warning where it `gives_away` the
        class.

    Raises:
        CorpusError: There are too few people to try it on others.
    """
    samples, rows = read_files(corpus, corpus.samples, report)
    measures: list[Measure] = []
    for suffix, which in _comparisons(samples):
        some, described = [samples[row] for row in which], [rows[row] for row in which]
        for name, features in SETS.items():
            fit = _fit(some, described, features, seed) if some else None
            if fit is None and suffix:
                break
            if fit is None:
                raise CorpusError(f"{corpus.root} has too few people of both classes for a probe", corpus.root)
            apart = "people" if fit.disjoint else "looks; drives are shared"
            note = f"{fit.folds} folds of {apart}; features: {', '.join(features)}"
            people = [sample.identities for sample in some]
            measures.append(
                auc_measure(
                    "auc", name + suffix, _labels(some), fit.scores, people, seed=seed, replicates=replicates, note=note
                )
            )
    return Outcome(
        "metadata",
        f"boosted trees on {len(samples)} files of all splits, other people",
        tuple(measures),
        tuple(_WARNINGS[one.slice].format(in_words(one)) for one in measures if one.slice in SETS and gives_away(one)),
    )


_WARNINGS = {
    "all": "metadata alone, file size among it, tells the classes apart with AUC {}: whatever reads the files "
    "themselves can cheat",
    "stream": "codec, picture size, rate and coded size alone tell the classes apart with AUC {}: a detector's AUC on "
    "these files may rest on how they were encoded",
    "packaging": "container, codec, picture size, rate and length alone tell the classes apart with AUC {}: encode "
    "both classes alike",
}


def _comparisons(samples: Sequence[Sample]) -> Iterator[tuple[str, list[int]]]:
    """Name the sets of files that are told apart: forged from plain genuine ones, and from sealed ones if there are."""
    forged = [row for row, sample in enumerate(samples) if sample.label is Label.FORGED]
    for slice, suffix in ((Slice.MAIN, ""), (Slice.CONTROL, SEALED)):
        genuine = [row for row, sample in enumerate(samples) if sample.label is Label.GENUINE and sample.slice is slice]
        if genuine or not suffix:
            yield suffix, sorted(forged + genuine)


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
