"""Update the weights: optimisers, learning-rate schedule, and sharpness-aware minimisation."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from .config import TrainConfig

_LOWEST_RATE = 0.02
_MOMENTUM = 0.9


def build_optimizer(model: nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    """Build the optimiser of the trained parameters of a network."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    rate, decay = config.learning_rate, config.weight_decay
    if config.optimizer == "sgd":
        return torch.optim.SGD(trained, lr=rate, weight_decay=decay, momentum=_MOMENTUM)
    kind = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
    return kind(trained, lr=rate, weight_decay=decay)


def rate_at(step: int, total: int) -> float:
    """Return the share of the peak rate at a step: a linear warm-up of one tenth, then half a cosine down to 2 %."""
    warm = max(1, total // 10)
    if step < warm:
        return (step + 1) / warm
    turn = math.pi * (step - warm) / max(1, total - warm)
    return _LOWEST_RATE + (1 - _LOWEST_RATE) * (1 + math.cos(turn)) / 2


def sharpness_aware(parameters: list[nn.Parameter], radius: float, backward: Callable[[], Tensor]) -> Tensor:
    """Compute the gradient at the worst nearby weights, w + ρ·∇L/‖∇L‖ (Foret et al. 2021, eq. 2–3).

    The weights are restored afterwards.

    Batch statistics are updated by both passes.

    Args:
        parameters: The trained weights.
        radius: Radius ρ.
        backward: Function that computes loss and gradient at the present weights and returns the loss.

    Returns:
        The loss at the weights as they are; their gradients are those at the worst nearby weights.
    """
    loss = backward()
    gradients = [weight.grad.detach().clone() if weight.grad is not None else None for weight in parameters]
    norm = torch.stack([gradient.norm() for gradient in gradients if gradient is not None]).norm()
    start = [weight.detach().clone() for weight in parameters]
    with torch.no_grad():
        for weight, gradient in zip(parameters, gradients, strict=True):
            if gradient is not None:
                weight.add_(gradient * (radius / (norm + 1e-12)))
            weight.grad = None
    backward()
    with torch.no_grad():
        for weight, value in zip(parameters, start, strict=True):
            weight.copy_(value)
    return loss
