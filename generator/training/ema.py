"""Compute the running mean of the trained weights, which is what a run exports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class RunningMean:
    """Compute the exponential mean of parameters, with decay = min(limit, (1 + step) / (20 + step)).

    Args:
        parameters: Parameters to average, by name; buffers and fixed weights do not change and need no mean.
        limit: Maximum decay.
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter], limit: float) -> None:
        self._parameters, self._limit = parameters, limit
        self.tensors = {name: p.detach().clone() for name, p in parameters.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Update the mean with the weights after `step` steps."""
        decay = min(self._limit, (1 + step) / (20 + step))
        means = list(self.tensors.values())
        torch._foreach_lerp_(means, [p.detach() for p in self._parameters.values()], 1 - decay)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Run the network with the mean in a `with` block; the weights are restored afterwards without copying."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Load a saved mean."""
        for name, value in tensors.items():
            self.tensors[name].copy_(value)

    def _swap(self) -> None:
        for name, parameter in self._parameters.items():
            parameter.data, self.tensors[name] = self.tensors[name], parameter.data
