"""Compute the weight of each pixel in training."""

from __future__ import annotations

import torch
from torch import Tensor

from generator.training.data.batch import Batch

_BESIDE, _MOVING = 0.1, 10.0
"""Weights outside the face, and of pixels that the expression moves."""
_MOVES = 24
"""In levels of 255: minimum difference between the source warped with its expression and the one warped at rest."""


def weights_of(batch: Batch) -> Tensor:
    """Return the weight of each pixel (N, S, S): the face more than the rest, and moving pixels most."""
    moves = (batch.maps["moved"].int() - batch.maps["posed_moved"].int()).abs().amax(1) > _MOVES
    face = (batch.labels >= 1) & (batch.labels <= 3)
    return torch.where(face, 1.0, _BESIDE) + _MOVING * (moves & face)
