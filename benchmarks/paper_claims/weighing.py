"""How much each pixel counts in training."""

from __future__ import annotations

import torch
from torch import Tensor

from generator.training.data.batch import Batch

_BESIDE, _MOVING = 0.1, 10.0
"""Weights beside the face, and of what the expression moves."""
_MOVES = 24
"""Levels of 255 by which the source moved with its expression differs from the one moved at rest."""


def weights_of(batch: Batch) -> Tensor:
    """Return how much each pixel counts (N, S, S): the face more than the rest, what its expression moves most."""
    moves = (batch.maps["moved"].int() - batch.maps["posed_moved"].int()).abs().amax(1) > _MOVES
    face = (batch.labels >= 1) & (batch.labels <= 3)
    return torch.where(face, 1.0, _BESIDE) + _MOVING * (moves & face)
