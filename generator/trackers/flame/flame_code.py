"""Define the output of the FLAME trackers' networks for a crop."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from .checkpoint import fill, part_of, read_checkpoint

Floats = NDArray[np.float32]

CROP_SIZE = 224
"""Side in pixels of the crop that both networks were trained on."""


@dataclass(frozen=True, slots=True)
class FlameCode:
    """FLAME parameters of N crops.

    Attributes:
        shape: ``(N, 100)``, the first of the published 300 components.
        expression: ``(N, 55)`` in the order of the layout "flame".
        turn: ``(N, 3)`` rotation of the head about FLAME's root joint, axis-angle in radians; x to the picture's right,
            y up, z to the viewer.
        camera: ``(N, 3)`` scale, tx, ty; a vertex (X, Y, Z) in metres appears in the crop, whose sides are at -1 and 1
            with y down, at (scale (X + tx), -scale (Y + ty)).
    """

    shape: Floats
    expression: Floats
    turn: Floats
    camera: Floats

    def __len__(self) -> int:
        return len(self.shape)

    def usable(self) -> NDArray[np.bool_]:
        """Return ``(N,)`` whether each crop has finite parameters and a camera in front of the face."""
        values = np.concatenate([self.shape, self.expression, self.turn, self.camera], 1)
        usable: NDArray[np.bool_] = np.isfinite(values).all(1) & (self.camera[:, 0] > 0)
        return usable

    def take(self, chosen: NDArray[np.bool_]) -> FlameCode:
        """Return the codes of the crops for which ``chosen`` ``(N,)`` is true."""
        return FlameCode(self.shape[chosen], self.expression[chosen], self.turn[chosen], self.camera[chosen])

    @staticmethod
    def join(codes: list[FlameCode]) -> FlameCode:
        """Concatenate the codes of several batches."""
        return FlameCode(
            np.concatenate([code.shape for code in codes]),
            np.concatenate([code.expression for code in codes]),
            np.concatenate([code.turn for code in codes]),
            np.concatenate([code.camera for code in codes]),
        )


class FlameNetwork(nn.Module):
    """Map crops to FLAME parameters; the layers are named as in the published file."""

    part: ClassVar[str]
    """Name of the network in that file, which contains other networks too."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Load the published file.

        Args:
            path: The file.

        Raises:
            ModelFilesError: The file is absent, damaged, or of another network.
        """
        tensors = part_of(read_checkpoint(path), cls.part, path)
        network = cls()
        fill(network, tensors, path)
        return network

    def read(self, crops: Tensor) -> FlameCode:
        """Read the parameters of crops ``(N, 3, 224, 224)``, RGB in [0, 1]."""
        raise NotImplementedError
