"""Check a corpus for classes or splits that reveal the answer."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from forensics.corpus.manifest import Corpus
from forensics.corpus.sample import Label, Sample, Slice, Split, folder_hash
from forensics.corpus.split import link_keys
from forensics.errors import CorpusError
from forensics.execution.progress import Report, silent

from .formats import Format, probe_format

_LOG = logging.getLogger(__name__)


class Fault(StrEnum):
    """The kinds of problem that a check can find."""

    MISSING = "missing"
    CHANGED = "changed"
    LEAK = "leak"
    DUPLICATE = "duplicate"
    NEAR_DUPLICATE = "near duplicate"
    FORMAT = "format"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Complaint:
    """One problem of a corpus.

    Attributes:
        fault: The kind of problem.
        message: One sentence that names the problem.
        ids: The samples that it concerns.
    """

    fault: Fault
    message: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """The number of samples of one kind in one split.

    Attributes:
        split: The split.
        label: The class.
        slice: Main or control.
        clips: Number of clips.
        stills: Number of stills.
        identities: Number of identities in them.
    """

    split: Split
    label: Label
    slice: Slice
    clips: int
    stills: int
    identities: int


def check_corpus(corpus: Corpus, report: Report = silent) -> tuple[Complaint, ...]:
    """Return every problem that would make a measurement on this corpus worthless.

    Args:
        corpus: The corpus.
        report: Progress callback.

    Returns:
        The problems; empty where the corpus is sound.
    """
    complaints: list[Complaint] = []
    for number, sample in enumerate(corpus.samples):
        report(number / len(corpus.samples), "checking files")
        complaints += _check_files(corpus, sample)
    complaints += find_leaks(corpus.samples)
    complaints += find_duplicates(corpus.samples)
    if not corpus.places and not any(complaint.fault is Fault.MISSING for complaint in complaints):
        complaints += _check_formats(corpus)
    complaints += find_empty_splits(corpus.samples)
    _LOG.info("checked %d samples of %s: %d complaints", len(corpus.samples), corpus.root, len(complaints))
    return tuple(complaints)


def find_leaks(samples: Iterable[Sample]) -> Iterator[Complaint]:
    """Find every identity, source and drive that occurs in two splits.

    Args:
        samples: The samples.
    """
    seen: dict[str, dict[Split, list[str]]] = defaultdict(lambda: defaultdict(list))
    for sample in samples:
        for key in link_keys(sample):
            seen[key][sample.split].append(sample.id)
    for key, splits in sorted(seen.items()):
        if len(splits) > 1:
            ids = tuple(ids[0] for ids in splits.values())
            yield Complaint(Fault.LEAK, f"{key} stands in {' and '.join(sorted(splits))}", ids)


def find_duplicates(samples: Iterable[Sample]) -> Iterator[Complaint]:
    """Find every file that occurs in the corpus twice.

    Args:
        samples: The samples.
    """
    seen: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        seen[sample.sha256].append(sample)
    for same in seen.values():
        if len(same) > 1:
            where = " and ".join(sorted({f"{sample.split} {sample.label}" for sample in same}))
            yield Complaint(Fault.DUPLICATE, f"the same file stands in {where}", tuple(sample.id for sample in same))


def check_pictures(corpus: Corpus, report: Report = silent) -> tuple[Complaint, ...]:
    """Find copies that differ in their bytes: near-duplicates in different splits.

    Args:
        corpus: The corpus.
        report: Progress callback.
    """
    from .near_duplicates import find_near_duplicates

    return tuple(
        Complaint(
            Fault.NEAR_DUPLICATE,
            f"almost the same picture stands in two splits ({pair.bits} of 256 gradients differ)",
            (pair.first, pair.second),
        )
        for pair in find_near_duplicates(corpus, report)
    )


def find_empty_splits(samples: Iterable[Sample]) -> Iterator[Complaint]:
    """Find every split of the main slice that lacks a class.

    Args:
        samples: The samples.
    """
    present = {(sample.split, sample.label) for sample in samples if sample.slice is Slice.MAIN}
    for split in sorted({split for split, _ in present}):
        for label in Label:
            if (split, label) not in present:
                yield Complaint(Fault.EMPTY, f"split {split} has no {label} samples", ())


def tally(samples: Iterable[Sample]) -> tuple[Tally, ...]:
    """Count samples by split, slice and class.

    Args:
        samples: The samples.
    """
    groups: dict[tuple[Split, Slice, Label], list[Sample]] = defaultdict(list)
    for sample in samples:
        groups[sample.split, sample.slice, sample.label].append(sample)
    order = sorted(groups, key=lambda key: (list(Split).index(key[0]), list(Slice).index(key[1]), key[2]))
    return tuple(
        Tally(
            split=split,
            label=label,
            slice=part,
            clips=sum(not sample.is_still for sample in groups[split, part, label]),
            stills=sum(sample.is_still for sample in groups[split, part, label]),
            identities=len({name for sample in groups[split, part, label] for name in sample.identities}),
        )
        for split, part, label in order
    )


def _check_files(corpus: Corpus, sample: Sample) -> Iterator[Complaint]:
    missing = [path for path in corpus.files(sample) if not path.is_file()]
    if missing:
        yield Complaint(Fault.MISSING, f"{missing[0]} is missing", (sample.id,))
    elif folder_hash(corpus.file(sample), sample.files) != sample.sha256:
        yield Complaint(Fault.CHANGED, f"{sample.path} is not the file the manifest describes", (sample.id,))
    if sample.landmarks is not None:
        path: Path = corpus.root / sample.landmarks
        if not path.is_file():
            yield Complaint(Fault.MISSING, f"{sample.landmarks} is missing", (sample.id,))
        elif folder_hash(path) != sample.landmarks_sha256:
            yield Complaint(Fault.CHANGED, f"{sample.landmarks} is not the file the manifest describes", (sample.id,))


def _check_formats(corpus: Corpus) -> Iterator[Complaint]:
    formats: dict[tuple[str, Label], dict[Format, str]] = {}
    for sample in corpus.samples:
        try:
            found = probe_format(corpus.files(sample)[0])
        except CorpusError as error:
            yield Complaint(Fault.FORMAT, str(error), (sample.id,))
            continue
        formats.setdefault(("stills" if sample.is_still else "clips", sample.label), {}).setdefault(found, sample.id)
    for kind in ("clips", "stills"):
        genuine = formats.get((kind, Label.GENUINE), {})
        forged = formats.get((kind, Label.FORGED), {})
        for one, other, name in ((genuine, forged, "genuine"), (forged, genuine, "forged")):
            for odd in sorted(set(one) - set(other)):
                yield Complaint(Fault.FORMAT, f"only {name} {kind} are {odd}; encode both classes alike", (one[odd],))
