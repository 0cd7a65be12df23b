"""Samplers over the one noise schedule: DDIM, and LCM and TCD for models distilled to a few steps.

All frames of a clip share their noise, the first and what LCM and TCD add between steps. So a still drive gives a still
clip, a frame does not depend on where windows or chunks begin, and nothing but the conditions moves from frame to
frame. The schedule is computed in float32 on the CPU whatever the network runs in.
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
"""Steps of LCM and TCD where nothing else is asked for."""
_MOST_STEPS = {"ddim": TIMES, "lcm": 50, "tcd": 50}


def check_sampler(name: SamplerName, steps: int) -> None:
    """Refuse a sampler that is not there, or a number of steps that it cannot take.

    Raises:
        GenerationError: The message says what there is.
    """
    if name not in _MOST_STEPS:
        raise GenerationError(f"no sampler {name!r}; there are: {', '.join(get_args(SamplerName))}")
    if not 1 <= steps <= _MOST_STEPS[name]:
        raise GenerationError(f"sampler {name} cannot take {steps} steps; choose 1 to {_MOST_STEPS[name]}")


class Sampler:
    """The steps of one sampler; it keeps nothing between calls, so frames may take them in any grouping.

    Args:
        name: Which sampler.
        steps: How many steps; at most 1000 with DDIM and 50 with the others.
        prediction: What the network predicts.
        seed: Of all noise.

    Raises:
        GenerationError: There is no such sampler, or it has no such number of steps.
    """

    def __init__(self, name: SamplerName, steps: int, prediction: Prediction, seed: int) -> None:
        check_sampler(name, steps)
        self._name, self._steps, self._schedule, self._seed = name, steps, noise_schedule(prediction), seed
        self.key = f"{name} {steps} {prediction} {seed}"
        """Says which sampler this is."""

    @cached_property
    def times(self) -> Sequence[int]:
        """Time in [0, 1000) of every step, falling."""
        if self._name != "ddim":
            return [int(time) for time in self._few_steps.timesteps]
        return [int(time) - 1 for time in np.round(np.arange(TIMES, 0, -TIMES / self._steps)[: self._steps])]

    @cached_property
    def _few_steps(self) -> Any:  # noqa: ANN401 - diffusers has no types
        """The scheduler of LCM or TCD."""
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
            step: Its number, from 0.
            latent: (N, C, g, g) float32 before it.
            prediction: (N, C, g, g) float32 of the network.
        """
        if self._name == "ddim":
            return self._ddim(self.times[step], latent, prediction)
        schedule = copy.copy(self._few_steps)  # diffusers counts its calls; a step here may take many
        schedule.set_begin_index(step)
        seed = 1000 * (self._seed + 1) + step
        same_for_all = [torch.Generator().manual_seed(seed) for _ in latent]
        after: Tensor = schedule.step(prediction, self.times[step], latent, generator=same_for_all).prev_sample
        return after

    def _reached(self, time: int) -> Tensor:
        """Return alpha-bar of the time that a step of DDIM goes to."""
        earlier = time - TIMES // self._steps
        return self._schedule.alphas_cumprod[earlier] if earlier >= 0 else torch.tensor(1.0)

    def _ddim(self, time: int, latent: Tensor, prediction: Tensor) -> Tensor:
        """Go to the time before without fresh noise (arXiv 2010.02502, equation 12 with sigma = 0)."""
        clean, noise = self._schedule.parts(latent, prediction, time)
        share = self._reached(time)
        return share**0.5 * clean + (1 - share) ** 0.5 * noise


def predict(
    denoise: Denoise, latent: Tensor, time: int, prepared: Prepared, *, guidance: float = 1.0, frames: int = 1
) -> Tensor:
    """Return the network's prediction (N, C, g, g) in float32, with classifier-free guidance.

    The unconditional half sees what training shows where it drops source and expression: v = v_0 + w (v_c - v_0)
    (arXiv 2207.12598). With w = 1 it is not computed.

    Args:
        denoise: `AniFaceDiff.denoise`, compiled or not.
        latent: (N, C, g, g) noisy latents, float32.
        time: In [0, 1000).
        prepared: Conditions of the N frames.
        guidance: w >= 0; 1 is off.
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
    """Refuse what a network made once its numbers have left their range.

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
