"""Define the noise schedule of training and inference: Stable Diffusion's, with zero terminal signal-to-noise ratio."""

from __future__ import annotations

from functools import cache
from typing import Literal

import torch
from torch import Tensor

Prediction = Literal["sample", "v_prediction"]
TIMES = 1000
BETAS = (8.5e-4, 1.2e-2)


@cache
def signal_shares() -> Tensor:
    """Return alpha-bar of every time, (1000,) float32, from nearly 1 to 0 (arXiv 2305.08891, algorithm 1)."""
    low, high = BETAS
    betas = torch.linspace(low**0.5, high**0.5, TIMES) ** 2
    root = torch.cumprod(1 - betas, 0).sqrt()
    first, last = root[0].clone(), root[-1].clone()
    shares = ((root - last) * (first / (first - last))) ** 2
    ratios = torch.cat([shares[:1], shares[1:] / shares[:-1]])
    return torch.cumprod(1 - (1 - ratios), 0)


class NoiseSchedule:
    """Add noise to latents, and convert between the possible predictions of a network.

    x_t = sqrt(alpha-bar_t) x_0 + sqrt(1 - alpha-bar_t) e, and the velocity is v = sqrt(alpha-bar_t) e -
    sqrt(1 - alpha-bar_t) x_0 (arXiv 2202.00512).

    Args:
        prediction: Target of the network, the clean latent ("sample") or the velocity.
    """

    def __init__(self, prediction: Prediction) -> None:
        self.prediction = prediction
        self.alphas_cumprod = signal_shares()

    def add_noise(self, clean: Tensor, noise: Tensor, time: Tensor) -> Tensor:
        """Return latents (N, C, g, g) with noise of that shape, at times (N,)."""
        signal, rest = self._roots(time, clean)
        return signal * clean + rest * noise

    def get_velocity(self, clean: Tensor, noise: Tensor, time: Tensor) -> Tensor:
        """Return the velocity of latents (N, C, g, g) with noise of that shape, at times (N,)."""
        signal, rest = self._roots(time, clean)
        return signal * noise - rest * clean

    def parts(self, noisy: Tensor, predicted: Tensor, time: int) -> tuple[Tensor, Tensor]:
        """Return the clean latent and the noise that a prediction implies, both of its shape."""
        share = self.alphas_cumprod[time]
        signal, rest = share**0.5, (1 - share) ** 0.5
        if self.prediction == "sample":
            return predicted, (noisy - signal * predicted) / rest
        return signal * noisy - rest * predicted, signal * predicted + rest * noisy

    def _roots(self, time: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
        share = self.alphas_cumprod.to(like.device, like.dtype)[time.to(like.device)]
        share = share.view(-1, *[1] * (like.ndim - 1))
        return share**0.5, (1 - share) ** 0.5


def noise_schedule(prediction: Prediction = "sample") -> NoiseSchedule:
    """Return the schedule of a network."""
    return NoiseSchedule(prediction)
