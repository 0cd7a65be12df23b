"""Define samplers for the noise schedule: DDIM, and LCM and TCD for models distilled to a few steps.

All frames of a clip share their noise: the initial noise, and the noise that LCM and TCD add between steps. Therefore a
still drive gives a still clip, a frame does not depend on where windows or chunks begin, and only the conditions change
from frame to frame. The schedule is computed in float32 on the CPU, whatever the device and precision of the network.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor

from generator.errors import GenerationError
from generator.network.model import Prepared
from generator.network.schedule import BETAS, TIMES, Prediction, noise_schedule

Denoise = Callable[[Tensor, Tensor, Prepared, int], Tensor]
SamplerName = Literal["ddim", "lcm", "tcd"]
"""DDIM (arXiv 2010.02502), latent consistency (arXiv 2310.04378), trajectory consistency (arXiv 2402.19159)."""
FEW_STEPS = 4
"""Default number of steps of LCM and TCD."""
_MOST_STEPS = {"ddim": TIMES, "lcm": 50, "tcd": 50}


def check_sampler(name: SamplerName, steps: int) -> None:
    """Check that a sampler exists and that it can take a number of steps.

    Raises:
        GenerationError: The sampler does not exist or cannot take so many steps; the message lists the possible values.
    """
    if name not in _MOST_STEPS:
        raise GenerationError(f"no sampler {name!r}; there are: {', '.join(get_args(SamplerName))}")
    if not 1 <= steps <= _MOST_STEPS[name]:
        raise GenerationError(f"sampler {name} cannot take {steps} steps; choose 1 to {_MOST_STEPS[name]}")


class Sampler:
    """Compute the steps of one sampler; it keeps no state between calls, so any grouping of frames is possible.

    Args:
        name: Name of the sampler.
        steps: Number of steps; at most 1000 with DDIM and 50 with the others.
        prediction: Prediction target of the network.
        seed: Seed of all noise.

    Raises:
        GenerationError: There is no such sampler, or it has no such number of steps.
    """

    def __init__(self, name: SamplerName, steps: int, prediction: Prediction, seed: int) -> None:
        check_sampler(name, steps)
        self._name, self._steps, self._schedule, self._seed = name, steps, noise_schedule(prediction), seed
        self.key = f"{name} {steps} {prediction} {seed}"
        """Identifies this sampler."""

    @cached_property
    def times(self) -> Sequence[int]:
        """Return the time in [0, 1000) of every step, in descending order."""
        if self._name != "ddim":
            return [int(time) for time in self._few_steps.timesteps]
        return [int(time) - 1 for time in np.round(np.arange(TIMES, 0, -TIMES / self._steps)[: self._steps])]

    @cached_property
    def _few_steps(self) -> Any:  # noqa: ANN401 - diffusers has no types
        """Return the scheduler of LCM or TCD."""
        from diffusers import LCMScheduler, TCDScheduler  # takes seconds

        made = {"lcm": LCMScheduler, "tcd": TCDScheduler}[self._name](
            num_train_timesteps=TIMES, beta_start=BETAS[0], beta_end=BETAS[1], beta_schedule="scaled_linear",
            rescale_betas_zero_snr=True, timestep_spacing="trailing", clip_sample=False,
            prediction_type=self._schedule.prediction,
        )  # fmt: skip
        made.set_timesteps(self._steps)
        return made

    def noise(self, shape: Sequence[int]) -> Tensor:
        """Return the noise (1, *shape) that every frame starts from."""
        return torch.randn((1, *shape), generator=torch.Generator().manual_seed(self._seed))

    def advance(self, step: int, latent: Tensor, prediction: Tensor) -> Tensor:
        """Return the latents (N, C, g, g) after a step.

        Args:
            step: Number of the step, from 0.
            latent: (N, C, g, g) float32 before the step.
            prediction: (N, C, g, g) float32, output of the network.
        """
        if self._name == "ddim":
            return self._ddim(self.times[step], latent, prediction)
        schedule = copy.copy(self._few_steps)  # diffusers counts its calls, but one step here may take many
        schedule.set_begin_index(step)
        seed = 1000 * (self._seed + 1) + step
        same_for_all = [torch.Generator().manual_seed(seed) for _ in latent]
        after: Tensor = schedule.step(prediction, self.times[step], latent, generator=same_for_all).prev_sample
        return after

    def _reached(self, time: int) -> Tensor:
        """Return alpha-bar of the time that a step of DDIM reaches."""
        earlier = time - TIMES // self._steps
        return self._schedule.alphas_cumprod[earlier] if earlier >= 0 else torch.tensor(1.0)

    def _ddim(self, time: int, latent: Tensor, prediction: Tensor) -> Tensor:
        """Compute the latents at the previous time without new noise (arXiv 2010.02502, equation 12 with sigma = 0)."""
        clean, noise = self._schedule.parts(latent, prediction, time)
        share = self._reached(time)
        return share**0.5 * clean + (1 - share) ** 0.5 * noise


def predict(
    denoise: Denoise, latent: Tensor, time: int, prepared: Prepared, *, guidance: float = 1.0, frames: int = 1
) -> Tensor:
    """Return the network's prediction (N, C, g, g) in float32, with classifier-free guidance.

    The unconditional half has the inputs of training with dropped source and expression: v = v_0 + w (v_c - v_0) (arXiv
    2207.12598). With w = 1 it is not computed.

    Args:
        denoise: `AniFaceDiff.denoise`, compiled or not.
        latent: (N, C, g, g) noisy latents, float32.
        time: In [0, 1000).
        prepared: Conditions of the N frames.
        guidance: w >= 0; 1 means no guidance.
        frames: Consecutive frames that form one window of the temporal modules.

    Raises:
        GenerationError: The prediction is not finite.
    """
    noisy = latent.to(prepared.context.device, prepared.context.dtype)
    times = torch.full((len(latent),), time, device=noisy.device)
    predicted = denoise(noisy, times, prepared, frames).float()
    if guidance != 1:
        without = denoise(noisy, times, prepared.unconditional(), frames).float()
        predicted = without + guidance * (predicted - without)
    predicted = predicted.cpu()
    check_finite(predicted, noisy.dtype)
    return predicted


def check_finite(values: Tensor, computed_in: torch.dtype) -> None:
    """Check that the network's output is finite.

    Raises:
        GenerationError: A value is not finite.
    """
    if not values.isfinite().all():
        raise GenerationError(
            f"the network's numbers left the range of {computed_in}; take --dtype bf16 or fp32, or check the weights"
        )


def forwards(guidance: float) -> int:
    """Return how often the network runs for one prediction."""
    return 1 if guidance == 1 else 2
