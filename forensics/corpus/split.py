"""Split a corpus so that identities that occur in one file always share a split."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from forensics.errors import CorpusError

from .sample import Sample, Split

if TYPE_CHECKING:
    import numpy as np

SHARES: Mapping[Split, float] = {Split.TRAIN: 0.6, Split.VAL: 0.15, Split.TEST: 0.25}


def components(samples: Iterable[Sample]) -> list[frozenset[str]]:
    """Return groups of identities, sources and drives that are linked through samples, largest group first.

    Two identities are linked where one file contains both, or where two files share a source or a drive.

    Args:
        samples: The samples whose links count.

    Returns:
        Disjoint sets of sample ids.
    """
    from scipy.cluster.hierarchy import DisjointSet

    linked = DisjointSet()
    anchors: list[tuple[str, str]] = []
    for sample in samples:
        keys = link_keys(sample)
        for key in keys:
            linked.add(key)
            linked.merge(keys[0], key)
        anchors.append((sample.id, keys[0]))
    groups: dict[str, set[str]] = {}
    for sample_id, key in anchors:
        groups.setdefault(linked[key], set()).add(sample_id)
    return sorted((frozenset(group) for group in groups.values()), key=lambda group: (-len(group), min(group)))


def link_keys(sample: Sample) -> tuple[str, ...]:
    """Return what must not occur in two splits: identities, source, original and drive, each with its kind in front."""
    return (
        *(f"identity {identity}" for identity in sample.identities),
        f"source {sample.source_id}",
        *((f"source {sample.original}",) if sample.original else ()),
        f"drive {sample.drive_id}",
    )


def split_by_identity(
    samples: Iterable[Sample], rng: np.random.Generator, shares: Mapping[Split, float] = SHARES
) -> tuple[Sample, ...]:
    """Return samples with splits assigned, so that no identity, source or drive occurs in two of them.

    Whole components are assigned, largest first, each to the split that is furthest below its share. Components of
    equal size are assigned in random order.

    Args:
        samples: The samples to divide.
        rng: Random generator of the order among components of equal size.
        shares: Wanted share of samples for each split.

    Raises:
        CorpusError: There are fewer components than splits, so that one would stay empty.
    """
    everything = tuple(samples)
    groups = components(everything)
    wanted = {split: share for split, share in shares.items() if share > 0}
    if len(groups) < len(wanted):
        raise CorpusError(
            f"{len(groups)} group(s) of linked identities cannot fill {len(wanted)} splits; add files of other people"
        )
    order = rng.permutation(len(groups))
    dealt = sorted((groups[index] for index in order), key=len, reverse=True)
    total = sum(wanted.values())
    counts = dict.fromkeys(wanted, 0)
    assigned: dict[str, Split] = {}
    for position, group in enumerate(dealt):
        empty = [split for split, count in counts.items() if count == 0]
        choices = empty if len(dealt) - position <= len(empty) else list(wanted)
        split = max(choices, key=lambda name: wanted[name] / total - counts[name] / len(everything))
        counts[split] += len(group)
        assigned.update(dict.fromkeys(group, split))
    return tuple(replace(sample, split=assigned[sample.id]) for sample in everything)
