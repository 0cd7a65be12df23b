"""What the FLAME trackers' networks say about a crop."""

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
        shape: ``(N, 100)`` of the published 300 components, the first.
        expression: ``(N, 55)`` in the order of the layout "flame".
        turn: ``(N, 3)`` rotation of the head about FLAME's root joint, axis-angle in radians; x to the picture's right,
            y up, z to the viewer.
        camera: ``(N, 3)`` scale, tx, ty; a vertex (X, Y, Z) in metres stands in the crop, whose sides are at -1 and 1
            with y down, at (scale (X + tx), -scale (Y + ty)).
    """

    shape: Floats
    expression: Floats
    turn: Floats
    camera: Floats

    def __len__(self) -> int:
        return len(self.shape)

    def usable(self) -> NDArray[np.bool_]:
        """Tell which crops, ``(N,)``, have finite parameters and a camera in front of the face."""
        values = np.concatenate([self.shape, self.expression, self.turn, self.camera], 1)
        usable: NDArray[np.bool_] = np.isfinite(values).all(1) & (self.camera[:, 0] > 0)
        return usable

    def take(self, chosen: NDArray[np.bool_]) -> "FlameCode":
        """Return the codes of some crops, ``(N,)`` true for those."""
        return FlameCode(self.shape[chosen], self.expression[chosen], self.turn[chosen], self.camera[chosen])

    @staticmethod
    def join(codes: list["FlameCode"]) -> "FlameCode":
        """Put the codes of several batches into one."""
        return FlameCode(
            np.concatenate([code.shape for code in codes]),
            np.concatenate([code.expression for code in codes]),
            np.concatenate([code.turn for code in codes]),
            np.concatenate([code.camera for code in codes]),
        )


class FlameNetwork(nn.Module):
    """A network from crops to FLAME parameters, its layers named as in the published file."""

    part: ClassVar[str]
    """What the network is called in that file, which holds others beside it."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Load the published file.

        Args:
            path: The file.

        Raises:
            ModelFilesError: It is absent, damaged, or of another network.
        """
        tensors = part_of(read_checkpoint(path), cls.part, path)
        network = cls()
        fill(network, tensors, path)
        return network

    def read(self, crops: Tensor) -> FlameCode:
        """Read the parameters of crops ``(N, 3, 224, 224)``, RGB in [0, 1]."""
        raise NotImplementedError
