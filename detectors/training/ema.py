"""Compute a running mean of the weights during training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


class RunningMean:
    """Store the exponential running mean of a network's state; entries that are not floats are copied."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        """Initialise the mean with the network's state.

        Args:
            model: The network.
            decay: Share of the mean that each step keeps, at most (1 + t)/(10 + t) at step t, so that it adapts fast at
                the start.
        """
        self._decay = decay
        self.steps = 0
        self.tensors = {name: value.detach().clone() for name, value in model.state_dict().items()}

    def update(self, model: nn.Module) -> None:
        """Update the mean with the network's present state."""
        self.steps += 1
        decay = min(self._decay, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            for name, value in model.state_dict().items():
                mean = self.tensors[name]
                if mean.is_floating_point():
                    mean.lerp_(value.detach(), 1 - decay)
                else:
                    mean.copy_(value)

    @contextmanager
    def inside(self, model: nn.Module) -> Iterator[None]:
        """Load the mean into the network for the length of a `with` block."""
        own = {name: value.detach().clone() for name, value in model.state_dict().items()}
        model.load_state_dict(self.tensors)
        try:
            yield
        finally:
            model.load_state_dict(own)
