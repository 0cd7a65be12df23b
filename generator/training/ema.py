"""Compute the running mean of the trained weights, which is what a run exports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


class RunningMean:
    """Compute the exponential mean of parameters, with decay = min(limit, (1 + step) / (20 + step)).

    Args:
        parameters: Parameters to average, by name; buffers and fixed weights do not change and need no mean.
        limit: Maximum decay.
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter], limit: float) -> None:
        self._parameters, self._limit = parameters, limit
        self.tensors = {name: p.detach().clone() for name, p in parameters.items()}

    def update(self, step: int) -> None:
        """Update the mean with the weights after `step` steps."""
        decay = min(self._limit, (1 + step) / (20 + step))
        average = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        average(list(self.tensors.values()), [p.detach() for p in self._parameters.values()], step)

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
