"""Sample training crops: both classes in every batch, twins together, hold-out by identity."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.errors import TrainingError

Group = str | tuple[str, ...]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Draw:
    """Identify a genuine and a manipulated crop that enter a batch together, and the seed of their augmentation."""

    genuine: int
    manipulated: int
    seeds: tuple[int, int]


class PairSampler:
    """Draw genuine and manipulated crops in equal number.

    Every class is walked through in shuffled order before a crop repeats. Where methods are given, each method
    of manipulation is drawn equally often, however rare it is. Where pair names are given, a manipulated crop comes
    with a genuine crop of the same name and both get the same seed of variation; where the names of people are given,
    one without such a twin comes with a genuine crop of the same person.
    """

    def __init__(
        self,
        labels: NDArray[np.integer],
        pairs: Sequence[str] | None,
        methods: Sequence[str] | None = None,
        same_person: Sequence[str] | None = None,
    ) -> None:
        """Index the crops.

        Args:
            labels: (N,) 0 genuine, 1 manipulated.
            pairs: (N,) name shared by a crop and its twins, or None.
            methods: (N,) how each crop was manipulated, or None; what genuine ones say does not count.
            same_person: (N,) name shared by crops that show the same person, or None.

        Raises:
            TrainingError: If a class is missing.
        """
        self._genuine = np.flatnonzero(labels == 0)
        self._manipulated = np.flatnonzero(labels == 1)
        if not len(self._genuine) or not len(self._manipulated):
            raise TrainingError(
                f"training wants both classes, got {len(self._genuine)} genuine "
                f"and {len(self._manipulated)} manipulated crops"
            )
        self._by_method = [self._manipulated]
        if methods is not None:
            named = np.array([methods[int(index)] for index in self._manipulated])
            self._by_method = [self._manipulated[named == method] for method in np.unique(named)]
        self._twins = self._companions(pairs)
        self._same_person = self._companions(same_person)

    @property
    def epoch_length(self) -> int:
        """Return the number of draws of an epoch: the mean class size, so that an epoch contains about N crops."""
        return max(1, (len(self._genuine) + len(self._manipulated)) // 2)

    def draws(self, rng: np.random.Generator) -> Iterator[Draw]:
        """Yield the draws of one epoch."""
        genuine = _cycle(self._genuine, rng, self.epoch_length)
        manipulated = self._mixed(rng)
        seeds = rng.integers(2**63, size=(self.epoch_length, 2))
        for first, second, (seed, other) in zip(genuine, manipulated, seeds, strict=True):
            if twins := self._twins[second]:
                yield Draw(twins[int(seed) % len(twins)], int(second), (int(seed), int(seed)))
            else:
                beside = self._same_person[second] or [int(first)]
                yield Draw(beside[int(seed) % len(beside)], int(second), (int(seed), int(other)))

    def _companions(self, names: Sequence[str] | None) -> list[list[int]]:
        """Return for each crop the genuine crops of its name."""
        if names is None:
            return [[]] * (len(self._genuine) + len(self._manipulated))
        genuine: dict[str, list[int]] = defaultdict(list)
        for index in self._genuine:
            genuine[names[int(index)]].append(int(index))
        return [genuine.get(name, []) for name in names]

    def _mixed(self, rng: np.random.Generator) -> Indices:
        """Give the manipulated crops of an epoch, of every method as many."""
        each = -(-self.epoch_length // len(self._by_method))
        walks = [_cycle(indices, rng, each) for indices in self._by_method]
        mixed = walks[0] if len(walks) == 1 else rng.permutation(np.concatenate(walks))
        return mixed[: self.epoch_length]


def hold_out(
    labels: NDArray[np.integer], groups: Sequence[Group], share: float, rng: np.random.Generator
) -> tuple[Indices, Indices]:
    """Split crops into training and validation so that no identity is in both.

    Crops that share an identity, directly or through a chain of forgeries, stay together.

    Args:
        labels: (N,) 0 genuine, 1 manipulated.
        groups: (N,) identities of each crop; a forged crop carries several.
        share: Wanted share of validation crops, within 0–1.
        rng: Random generator that chooses the held-out identities.

    Returns:
        Indices of the training crops and of the validation crops.

    Raises:
        TrainingError: No such split leaves both classes on both sides.
    """
    members = _linked(groups)
    order = rng.permutation(len(members))
    held: list[int] = []
    for number in order:
        inside = labels[held] if held else labels[:0]
        enough = len(held) >= share * len(labels) and 0 < int(inside.sum()) < len(held)
        if enough:
            break
        held.extend(members[number])
    validation = np.array(sorted(held), dtype=np.intp)
    training = np.setdiff1d(np.arange(len(labels)), validation).astype(np.intp)
    for name, part in (("training", training), ("validation", validation)):
        if len(set(labels[part].tolist())) < 2:
            raise TrainingError(
                f"{len(members)} unlinked identities leave no {name} set with both classes; "
                "pass validation crops of other people"
            )
    return training, validation


def _linked(groups: Sequence[Group]) -> list[list[int]]:
    """Group crops whose identities are linked."""
    from scipy.cluster.hierarchy import DisjointSet

    names = [(group,) if isinstance(group, str) else tuple(group) for group in groups]
    if any(not identities for identities in names):
        raise TrainingError("every crop names at least one identity; an empty group was given")
    linked = DisjointSet(name for identities in names for name in identities)
    for identities in names:
        for other in identities[1:]:
            linked.merge(identities[0], other)
    members: dict[str, list[int]] = defaultdict(list)
    for index, identities in enumerate(names):
        members[linked[identities[0]]].append(index)
    return list(members.values())


def _cycle(indices: Indices, rng: np.random.Generator, length: int) -> Indices:
    rounds = -(-length // len(indices))
    return np.concatenate([rng.permutation(indices) for _ in range(rounds)])[:length]
