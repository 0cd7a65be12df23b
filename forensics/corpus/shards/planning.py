"""Decide which sample goes into which shard, and in which order, before anything is written.

The order is drawn from a seed, pair by pair: a forged sample stands beside the genuine one it was made from, and both
in the same shard. It depends on the corpus, the seed and the size alone, and not on who writes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from forensics.corpus.sample import Label, Sample


@dataclass(frozen=True, slots=True)
class Packed:
    """A sample in a shard.

    Attributes:
        key: Its name there, nine digits, unique in the export.
        number: Its place in the corpus' manifest.
        sample: The sample.
    """

    key: str
    number: int
    sample: Sample


@dataclass(frozen=True, slots=True)
class ShardPlan:
    """One shard.

    Attributes:
        name: Of the file, without suffix, such as `train-000003`.
        part: Which part of the corpus its samples stand in, such as `train`.
        packed: The samples, in order.
    """

    name: str
    part: str
    packed: tuple[Packed, ...]

    def digest(self) -> str:
        """Compute the SHA-256, hex, of what the shard follows from."""
        digest = hashlib.sha256(self.name.encode())
        for one in self.packed:
            digest.update(f"\n{one.key} {one.number} {one.sample.to_json()}".encode())
        return digest.hexdigest()


def plan_shards(
    samples: Sequence[Sample],
    part_of: Callable[[Sample], str | None],
    size_of: Callable[[Sample], int],
    *,
    seed: int,
    most_bytes: int,
) -> tuple[ShardPlan, ...]:
    """Deal samples to shards, part by part; a pair is never torn apart, even where that makes a shard larger.

    Args:
        samples: In the order of the manifest.
        part_of: Says which part of the corpus a sample stands in, such as its split; None leaves it out.
        size_of: Says how many bytes a sample brings.
        seed: Of the order.
        most_bytes: How large a shard may be before the next one is begun.
    """
    pairs: dict[str, dict[str, list[int]]] = {}
    for number, sample in enumerate(samples):
        part = part_of(sample)
        if part is not None:
            pairs.setdefault(part, {}).setdefault(sample.pair, []).append(number)
    plans: list[ShardPlan] = []
    key = 0
    for place, (part, groups) in enumerate(sorted(pairs.items())):
        members = list(groups.values())
        order = np.random.default_rng([seed, place]).permutation(len(members))
        drawn = (_beside(members[one], samples) for one in order)
        for index, numbers in enumerate(_filled(drawn, lambda number: size_of(samples[number]), most_bytes)):
            packed = tuple(Packed(f"{key + i:09d}", number, samples[number]) for i, number in enumerate(numbers))
            plans.append(ShardPlan(f"{part}-{index:06d}", part, packed))
            key += len(packed)
    return tuple(plans)


def _beside(numbers: Sequence[int], samples: Sequence[Sample]) -> list[int]:
    """Put a forged sample behind the genuine one of the same motion."""
    return sorted(numbers, key=lambda number: (samples[number].drive_id, samples[number].label is Label.FORGED, number))


def _filled(groups: Iterator[list[int]], size_of: Callable[[int], int], most_bytes: int) -> Iterator[list[int]]:
    """Join groups until they are large enough."""
    held: list[int] = []
    size = 0
    for group in groups:
        bytes_of_group = sum(map(size_of, group))
        if held and size + bytes_of_group > most_bytes:
            yield held
            held, size = [], 0
        held += group
        size += bytes_of_group
    if held:
        yield held
