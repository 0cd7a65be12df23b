"""Measure how well the packaging of files separates the classes, without looking at a face.

The probe fits boosted trees to the outer properties of some people's files and tests them on other people's files.
Their AUC is the part of a detector's AUC that packaging may explain.
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
"""Feature sets of the probe: `all`, `stream` and `packaging`.

The set `all` has every property of a file, including its size. The set `stream` has what decoding passes on to the
pixels. The set `packaging` has what `corpus check` compares, without any size in bytes.
"""

SEALED = ", both sealed"
"""Suffix of the name of a slice whose genuine files carry a control mark and a signature, as forgeries do."""


@dataclass(frozen=True, slots=True)
class Packaging:
    """The separation of the classes by the packaging alone.

    Attributes:
        auc: The AUC; 0.5 means no separation.
        forged: Number of forged files.
        genuine: Number of genuine files.
    """

    auc: float
    forged: int
    genuine: int

    @property
    def is_suspicious(self) -> bool:
        """Return whether there are enough files and the packaging reveals the class."""
        return min(self.forged, self.genuine) >= FEWEST and self.auc > SUSPICIOUS


def check_packaging(corpus: Corpus, probe: Packaging | None) -> tuple[Complaint, ...]:
    """Report a problem where the packaging of published files, which differ among themselves, reveals the class.

    Args:
        corpus: The probed corpus; only a corpus that refers to files elsewhere is reported.
        probe: The result of `probe_packaging`.
    """
    if not corpus.places or probe is None or not probe.is_suspicious:
        return ()
    message = f"packaging alone tells the classes apart with AUC {probe.auc:.2f}; encode both alike before training"
    return (Complaint(Fault.FORMAT, message, ()),)


def probe_packaging(corpus: Corpus) -> Packaging | None:
    """Probe the main slice of a corpus by container, codec, picture size, rate and length.

    Args:
        corpus: The corpus; unreadable files are skipped.

    Returns:
        The outcome, None where there are too few people to test the probe on others.
    """
    samples, rows = read_files(corpus, corpus.where(slice=Slice.MAIN))
    fit = _fit(samples, rows, PACKAGING, seed=0) if samples else None
    if fit is None:
        return None
    from forensics.evaluation.metrics.classification import auc

    labels = _labels(samples)
    return Packaging(auc(labels, fit.scores), int(labels.sum()), int((labels == 0).sum()))


def probe_metadata(corpus: Corpus, *, seed: int, replicates: int = 1000, report: Report = silent) -> Outcome:
    """Probe a corpus by all outer properties of files.

    Every forgery of ours is marked and signed, which is visible on the outside by design. Where the corpus has genuine
    files with a control mark, the probe is also tested on these: what separates them from forgeries is not our seal.

    Args:
        corpus: The corpus; unreadable files are skipped.
        seed: Seed of folds, trees and bootstrap.
        replicates: Number of bootstrap replicates.
        report: Progress callback.

    Returns:
        `auc/video` on the slices of `SETS`, also with both classes sealed, and a warning where it `gives_away` the
        class.

    Raises:
        CorpusError: There are too few people to test the probe on others.
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
    """Yield the sets of files to separate: forged from plain genuine ones, and from sealed ones if there are any."""
    forged = [row for row, sample in enumerate(samples) if sample.label is Label.FORGED]
    for slice, suffix in ((Slice.MAIN, ""), (Slice.CONTROL, SEALED)):
        genuine = [row for row, sample in enumerate(samples) if sample.label is Label.GENUINE and sample.slice is slice]
        if genuine or not suffix:
            yield suffix, sorted(forged + genuine)


def read_files(
    corpus: Corpus, samples: Sequence[Sample], report: Report = silent
) -> tuple[list[Sample], list[Mapping[str, Value]]]:
    """Return the properties of the samples' files; unreadable files are skipped."""
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
