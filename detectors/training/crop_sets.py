"""Store labelled crops with the identities in them, check them and compute their digest."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from detectors.errors import TrainingError
from detectors.preprocessing import check_crops
from detectors.spec import DetectorSpec

from .sampling import Group

Crops = NDArray[np.uint8]
Labels = NDArray[np.integer]


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSet:
    """Labelled crops to train or to validate a detector on, with what is known of each crop.

    Attributes:
        crops: (N, S, S, 3) uint8 RGB, cut with `crop_face`; (N, T, S, S, 3) for a detector of clips.
        labels: (N,) 0 genuine, 1 manipulated.
        groups: (N,) identities of each crop, a name or several.
        pairs: (N,) name shared by a manipulated crop and its genuine twin; twins are drawn together and varied alike.
        methods: (N,) how each crop was manipulated; every method is drawn equally often, so that a new one can be
            learned beside old ones whatever their numbers. Without it each manipulated crop counts alike.
        same_person: (N,) name shared by crops of the same person; a manipulated crop without a twin stands beside a
            genuine one of the same person, each varied by itself.
    """

    crops: Crops
    labels: Labels
    groups: Sequence[Group]
    pairs: Sequence[str] | None = None
    methods: Sequence[str] | None = None
    same_person: Sequence[str] | None = None

    def subset(self, indices: NDArray[np.intp]) -> TrainingSet:
        """Return some of the crops with what is known of them, in the order asked for."""
        pairs, methods, same_person = (
            None if names is None else [names[index] for index in indices]
            for names in (self.pairs, self.methods, self.same_person)
        )
        groups = [self.groups[index] for index in indices]
        return TrainingSet(self.crops[indices], self.labels[indices], groups, pairs, methods, same_person)


def checked_set(data: TrainingSet, name: str, spec: DetectorSpec) -> TrainingSet:
    """Return a set with its labels as an array, or refuse one whose parts do not fit together or that lacks a class.

    Args:
        data: The set.
        name: What to call it in a message.
        spec: Whose crop contract holds.

    Raises:
        CropError: If the crops break the contract.
        TrainingError: If lengths differ, or the labels are not 0 and 1 with both present.
    """
    data = replace(data, labels=np.asarray(data.labels))
    check_crops(data.crops, spec)
    if data.labels.shape != (len(data.crops),) or len(data.groups) != len(data.crops):
        raise TrainingError(
            f"{name}: {len(data.crops)} crops come with labels {data.labels.shape} and {len(data.groups)} groups"
        )
    found = set(data.labels.tolist())
    if found != {0, 1}:
        raise TrainingError(
            f"{name}: labels are 0 genuine and 1 manipulated, and both must occur; found {sorted(found)[:5]}"
        )
    named = (("pair names", data.pairs), ("methods", data.methods), ("names of the same person", data.same_person))
    for what, names in named:
        if names is not None and len(names) != len(data.crops):
            raise TrainingError(f"{len(data.crops)} crops come with {len(names)} {what}; want one each")
    return data


def identities_of(groups: Sequence[Group]) -> set[str]:
    """Return the names of all identities in some crops."""
    return {name for group in groups for name in ((group,) if isinstance(group, str) else group)}


def digest_of(crops: Crops, labels: Labels) -> str:
    """Return the SHA-256 of crops and labels, as 64 hex digits."""
    digest = hashlib.sha256(f"{crops.shape}".encode())
    digest.update(np.ascontiguousarray(crops).tobytes())
    digest.update(labels.astype(np.int64).tobytes())
    return digest.hexdigest()
