"""Plan which sample goes into which shard, and in which order, before anything is written.

The order is drawn from a seed, pair by pair: a forged sample follows the genuine one that it was made from, and both
are in the same shard. The order depends on the corpus, the seed and the size alone, and not on the workers.
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
        key: Its name in the shard, nine digits, unique in the export.
        number: Its place in the corpus' manifest.
        sample: The sample.
    """

    key: str
    number: int
    sample: Sample


@dataclass(frozen=True, slots=True)
class ShardPlan:
    """The plan of one shard.

    Attributes:
        name: File name without suffix, such as `train-000003`.
        part: The part of the corpus that its samples belong to, such as `train`.
        packed: The samples, in order.
    """

    name: str
    part: str
    packed: tuple[Packed, ...]

    def digest(self) -> str:
        """Return the SHA-256 (hex) of everything that determines the shard."""
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
    """Assign samples to shards, part by part; a pair is never separated, even where that makes a shard larger.

    Args:
        samples: The samples, in the order of the manifest.
        part_of: Function that returns the part of the corpus that a sample belongs to, such as its split; None leaves
            the sample out.
        size_of: Function that returns the size of a sample in bytes.
        seed: Seed of the order.
        most_bytes: Size of a shard in bytes at which the next one begins.
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
    """Return an order in which a forged sample follows the genuine one of the same motion."""
    return sorted(numbers, key=lambda number: (samples[number].drive_id, samples[number].label is Label.FORGED, number))


def _filled(groups: Iterator[list[int]], size_of: Callable[[int], int], most_bytes: int) -> Iterator[list[int]]:
    """Yield groups joined until they are large enough."""
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
