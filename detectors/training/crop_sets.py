"""Store labelled crops with the identities in them, check them and compute their digest."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.errors import TrainingError
from detectors.preprocessing import check_crops
from detectors.spec import DetectorSpec

from .sampling import Group

Crops = NDArray[np.uint8]
Labels = NDArray[np.integer]


class CropSet(NamedTuple):
    """Store crops (N, S, S, 3), labels (N,) 0 genuine or 1 manipulated, and the identities of each crop."""

    crops: Crops
    labels: Labels
    groups: Sequence[Group]


def check_set(data: CropSet, name: str, spec: DetectorSpec) -> None:
    """Check that the parts of a set fit together and that both classes are present.

    Args:
        data: The set to check.
        name: Name of the set in error messages.
        spec: Spec whose crop contract applies.

    Raises:
        CropError: The crops break the contract.
        TrainingError: Lengths differ, or the labels are not 0 and 1 with both present.
    """
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


def identities_of(groups: Sequence[Group]) -> set[str]:
    """Return the names of all identities in some crops."""
    return {name for group in groups for name in ((group,) if isinstance(group, str) else group)}


def subset(data: CropSet, indices: NDArray[np.intp]) -> CropSet:
    """Return some of the crops, in the requested order."""
    return CropSet(data.crops[indices], data.labels[indices], [data.groups[index] for index in indices])


def digest_of(crops: Crops, labels: Labels) -> str:
    """Return the SHA-256 of crops and labels, as 64 hex digits."""
    digest = hashlib.sha256(f"{crops.shape}".encode())
    digest.update(np.ascontiguousarray(crops).tobytes())
    digest.update(labels.astype(np.int64).tobytes())
    return digest.hexdigest()
