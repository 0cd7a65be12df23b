"""Define the batch of one training step: crops, labels, which rows are twins, and blending masks."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class Batch(NamedTuple):
    """Store the data of one training step; rows alternate, a genuine crop and then a manipulated one.

    Attributes:
        crops: Normalised crops (N, 3, S, S), or clips (N, T, 3, S, S).
        labels: (N,) float, 0 genuine, 1 manipulated.
        paired: (N/2,) bool, whether rows 2i and 2i+1 show the same picture before and after the manipulation.
        masks: Blending masks (N/2, S, S) in 0–1 of the manipulated rows, or None where no mask is known.
    """

    crops: Tensor
    labels: Tensor
    paired: Tensor
    masks: Tensor | None = None
