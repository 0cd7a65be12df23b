"""Define examples and batches: sources with their target frames, as the data loader returns them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generator.network.model import Conditions

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Example:
    """One source and T frames of the same face; pictures are uint8.

    Attributes:
        source: (3, S, S). target: (T, 3, S, S). maps: Spatial maps (T, C, s, s) by name.
        expression: (T, E) float32. labels: (T, S, S), 2 on an eye, 3 on the mouth.
        identity: Identity of the face.
    """

    source: Tensor
    target: Tensor
    maps: Mapping[str, Tensor]
    expression: Tensor
    labels: Tensor
    identity: str


@dataclass(frozen=True, slots=True)
class Batch:
    """G examples in one batch.

    The first axis of everything but `source` is N = G T; the frames of a source are consecutive.

    Attributes:
        source: (G, 3, S, S). target: (N, 3, S, S). maps: (N, C, s, s) by name. expression: (N, E). labels: (N, S, S).
        identities: Names of the G identities.
    """

    source: Tensor
    target: Tensor
    maps: Mapping[str, Tensor]
    expression: Tensor
    labels: Tensor
    identities: tuple[str, ...]

    @property
    def frames(self) -> int:
        """Return the number of frames per source."""
        return len(self.target) // len(self.source)

    def to(self, device: torch.device | str) -> Batch:
        """Return the batch on a device."""
        return self._each(lambda values: values.to(device, non_blocking=True))

    def pin_memory(self) -> Batch:
        """Return the batch in page-locked memory; the data loader calls this."""
        return self._each(Tensor.pin_memory)

    def _each(self, change: Callable[[Tensor], Tensor]) -> Batch:
        maps = {name: change(values) for name, values in self.maps.items()}
        source, target, expression, labels = map(change, (self.source, self.target, self.expression, self.labels))
        return Batch(source, target, maps, expression, labels, self.identities)


def collate(examples: Sequence[Example]) -> Batch:
    """Combine examples in a batch."""
    return Batch(
        source=torch.stack([e.source for e in examples]),
        target=torch.cat([e.target for e in examples]),
        maps={name: torch.cat([e.maps[name] for e in examples]) for name in examples[0].maps},
        expression=torch.cat([e.expression for e in examples]),
        labels=torch.cat([e.labels for e in examples]),
        identities=tuple(e.identity for e in examples),
    )


def to_unit(picture: Tensor) -> Tensor:
    """Convert uint8 pictures to the range [-1, 1]."""
    return picture.float() / 127.5 - 1


def to_uint8(picture: Tensor) -> Tensor:
    """Convert pictures in [-1, 1] to uint8."""
    return ((picture.float() + 1) * 127.5).round().clamp(0, 255).byte()


def conditions(batch: Batch) -> Conditions:
    """Return the network's conditions for a batch."""
    maps = {name: to_unit(values) if name == "moved" else values.float() / 255 for name, values in batch.maps.items()}
    return Conditions(maps, batch.expression)


def stack(pictures: Sequence[Picture]) -> Tensor:
    """Return pictures (H, W, C) as one tensor (N, C, H, W)."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous()
