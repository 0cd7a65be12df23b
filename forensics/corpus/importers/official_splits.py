"""Choose the splits of an imported corpus: the official ones where they keep people apart, otherwise new ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from forensics.corpus.checks.check import find_leaks
from forensics.corpus.sample import Label, Sample, Split
from forensics.corpus.split import SHARES, link_keys, split_by_identity
from forensics.errors import CorpusError

if TYPE_CHECKING:
    import numpy as np

VALIDATION_SHARE = 0.15
"""Share of the official training samples used for validation where a data set publishes no validation split."""

_DRAWS = 32


class Rule(StrEnum):
    """The kind of splits to use: AUTO keeps the official ones if nobody is in two of them."""

    AUTO = "auto"
    OFFICIAL = "official"
    IDENTITY = "identity"


@dataclass(frozen=True, slots=True)
class Division:
    """Samples with their splits.

    Attributes:
        samples: The samples that have a split.
        rule: The rule that was used: OFFICIAL or IDENTITY.
        left_out: Ids of forged samples whose two people were assigned to different splits.
        notes: Sentences that a user of the splits should read.
    """

    samples: tuple[Sample, ...]
    rule: Rule
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def divide(
    samples: Iterable[Sample], official: Mapping[str, Split | None], rule: Rule, rng: np.random.Generator
) -> Division:
    """Assign every sample to a split.

    Args:
        samples: The samples; their current splits are ignored.
        official: The official split by id, None where there is none.
        rule: The kind of splits to use.
        rng: Random generator of new splits, where they are needed.

    Raises:
        CorpusError: Official splits are requested and there are none, or the people cannot be divided.
    """
    everything = tuple(samples)
    known = {sample.id for sample in everything if official.get(sample.id) is not None}
    if rule is Rule.OFFICIAL and not known:
        raise CorpusError("this data set has no official split; leave out --split official")
    if rule is Rule.IDENTITY or not known:
        return divide_people(everything, rng)
    kept = _fill(everything, official, rng)
    leaks = list(find_leaks(kept))
    if not leaks or rule is Rule.OFFICIAL:
        notes = (f"the official split is not disjoint: {_worded(kept)}",) if leaks else ()
        return _with_validation(kept, notes, rng)
    made = divide_people(everything, rng)
    note = (
        f"the official split is not disjoint ({_worded(kept)}), so people were dealt anew; --split official keeps it, "
        "for numbers that compare with publications"
    )
    return replace(made, notes=(note, *made.notes))


def deal_people(samples: tuple[Sample, ...], rng: np.random.Generator) -> Division:
    """Assign people, not samples, to the splits, and leave out forgeries whose people are in two splits.

    People with genuine files, with forged files and with both are assigned one kind after the other. Several
    assignments are drawn, and the one that keeps the most files is used.

    Args:
        samples: All samples.
        rng: Random generator of the assignments.

    Raises:
        CorpusError: No assignment gives every split each class that there is.
    """
    labels: dict[str, set[Label]] = {}
    for sample in samples:
        for name in sample.identities:
            labels.setdefault(name, set()).add(sample.label)
    strata = [
        Counter(name for sample in samples for name in sample.identities if labels[name] == kind)
        for kind in ({Label.GENUINE}, {Label.FORGED}, set(Label))
    ]
    best: list[tuple[Sample, Split]] = []
    for _ in range(_DRAWS):
        home = {name: split for stratum in strata for name, split in _deal(stratum, rng).items()}
        homes = [{home[name] for name in sample.identities} for sample in samples]
        kept = [(sample, where.pop()) for sample, where in zip(samples, homes, strict=True) if len(where) == 1]
        present = {(split, sample.label) for sample, split in kept}
        if present == _everywhere(samples) and len(kept) > len(best):
            best = kept
    if not best:
        classes = " and ".join(label for label in Label if any(label is sample.label for sample in samples))
        raise CorpusError(
            f"{len(labels)} people cannot be divided so that every split holds {classes} files; add people"
        )
    divided = tuple(replace(sample, split=split) for sample, split in best)
    there = {sample.id for sample in divided}
    left_out = tuple(sample.id for sample in samples if sample.id not in there)
    note = f"{len(left_out)} forged files show people of two splits and were left out"
    return Division(divided, Rule.IDENTITY, left_out, (note,) if left_out else ())


def divide_people(samples: tuple[Sample, ...], rng: np.random.Generator) -> Division:
    """Divide samples so that nobody is in two splits; files are left out only where people cannot be divided otherwise.

    Args:
        samples: All samples; their current splits are ignored.
        rng: Random generator of the assignments.

    Raises:
        CorpusError: There are too few people.
    """
    try:
        divided = split_by_identity(samples, rng)
    except CorpusError:
        return deal_people(samples, rng)
    if {(sample.split, sample.label) for sample in divided} != _everywhere(samples):
        return deal_people(samples, rng)
    return Division(divided, Rule.IDENTITY)


def _everywhere(samples: Iterable[Sample]) -> set[tuple[Split, Label]]:
    """Return every split with every class that there is."""
    return {(split, label) for split in SHARES for label in {sample.label for sample in samples}}


def _fill(
    samples: tuple[Sample, ...], official: Mapping[str, Split | None], rng: np.random.Generator
) -> tuple[Sample, ...]:
    """Assign samples without an official split to that of linked samples, and distribute the rest."""
    home = {key: split for sample in samples if (split := official.get(sample.id)) for key in link_keys(sample)}
    placed: dict[str, Split] = {}
    for sample in samples:
        linked = [home[key] for key in link_keys(sample) if key in home]
        split = official.get(sample.id) or (linked[0] if linked else None)
        if split is not None:
            placed[sample.id] = split
    rest = tuple(sample for sample in samples if sample.id not in placed)
    if rest:
        placed |= {sample.id: sample.split for sample in divide_people(rest, rng).samples}
    return tuple(replace(sample, split=placed[sample.id]) for sample in samples if sample.id in placed)


def _with_validation(samples: tuple[Sample, ...], notes: tuple[str, ...], rng: np.random.Generator) -> Division:
    """Move people from training to validation where the official splits have no validation."""
    train = tuple(sample for sample in samples if sample.split is Split.TRAIN)
    if not train or any(sample.split is Split.VAL for sample in samples):
        return Division(samples, Rule.OFFICIAL, notes=notes)
    shares = {Split.TRAIN: 1 - VALIDATION_SHARE, Split.VAL: VALIDATION_SHARE}
    try:
        divided = split_by_identity(train, rng, shares)
    except CorpusError:
        divided = train
    wanted = {(split, label) for split in shares for label in {sample.label for sample in train}}
    if divided is train or {(sample.split, sample.label) for sample in divided} != wanted:
        note = (
            "there is no validation split, which training needs, and none could be made; --split identity deals people "
            "anew"
        )
        return Division(samples, Rule.OFFICIAL, notes=(*notes, note))
    made = {sample.id: sample for sample in divided}
    note = (
        f"validation holds {sum(sample.split is Split.VAL for sample in divided)} files of the official training split"
    )
    return Division(tuple(made.get(sample.id, sample) for sample in samples), Rule.OFFICIAL, notes=(*notes, note))


def _deal(weight: Mapping[str, int], rng: np.random.Generator) -> dict[str, Split]:
    """Assign names one by one to the split that is furthest below its share of their weight."""
    names, total = sorted(weight), sum(weight.values())
    missing = {split: share / sum(SHARES.values()) for split, share in SHARES.items()}
    home: dict[str, Split] = {}
    for index in rng.permutation(len(names)):
        split = max(missing, key=lambda name: missing[name])
        home[names[index]] = split
        missing[split] -= weight[names[index]] / total
    return home


def _worded(samples: Iterable[Sample]) -> str:
    """Return a phrase that counts the people who are in two splits."""
    seen: dict[str, set[Split]] = {}
    for sample in samples:
        for name in sample.identities:
            seen.setdefault(name, set()).add(sample.split)
    shared = sum(len(splits) > 1 for splits in seen.values())
    return f"{shared} of {len(seen)} people stand in two splits" if shared else "a source or drive stands in two splits"
