"""Define the objective at Stable Diffusion size: velocities under zero terminal SNR, on stills or windows of frames."""

from __future__ import annotations

import torch
from torch import Tensor

from generator.network.model import AniFaceDiff, Dropped
from generator.network.schedule import noise_schedule
from generator.training.config import ObjectiveConfig, Stage
from generator.training.data.batch import Batch, conditions, to_unit

TIMES = 1000


def min_snr_weights(alphas_cumprod: Tensor, gamma: float) -> Tensor:
    """Return the weight of the velocity's squared error at every time, (T,).

    The plain velocity loss weights the clean latent's error by SNR + 1. Clamping that weight at gamma, as min-SNR does
    (Hang et al., arXiv 2303.09556, section 3.4), gives min(SNR + 1, gamma) / (SNR + 1), which is also what
    Moore-AnimateAnyone trains with. min(SNR, gamma) / (SNR + 1) would be 0 at zero terminal SNR, and the time that
    sampling starts from would never be trained.

    Args:
        alphas_cumprod: (T,) share of the clean latent's variance.
        gamma: Maximum weight of the clean latent's error; 0 for no weighting.
    """
    if gamma == 0:
        return torch.ones_like(alphas_cumprod)
    plus_one = 1 / (1 - alphas_cumprod)  # SNR + 1 = a / (1 - a) + 1
    return plus_one.clamp(max=gamma) / plus_one


def draw_drops(groups: int, frames: int, config: ObjectiveConfig, generator: torch.Generator) -> Dropped:
    """Decide per source which conditions its frames lose; all frames of a source share the decision.

    Returns:
        (groups x frames,) flags; no frame has both.
    """
    chance = torch.rand(groups, generator=generator).repeat_interleave(frames)
    source = chance < config.drop_source
    return Dropped(source, ~source & (chance < config.drop_source + config.drop_expression))


class Velocity:
    """Compute losses of the velocity v = sqrt(a) noise - sqrt(1 - a) clean (Salimans and Ho, arXiv 2202.00512).

    Stage 1 draws time and noise for every frame. Stage 2 draws them for every window, because sampling uses one noise
    for all frames of a clip, too.

    Args:
        config: Settings of the objective.
        stage: 1 or 2.
    """

    def __init__(self, config: ObjectiveConfig, stage: Stage) -> None:
        self._config, self._stage = config, stage
        self._schedule = noise_schedule("v_prediction")
        self._weights = min_snr_weights(self._schedule.alphas_cumprod, config.min_snr)

    def __call__(self, model: AniFaceDiff, batch: Batch, generator: torch.Generator) -> dict[str, Tensor]:
        """Return the losses."""
        device, groups, frames = batch.target.device, len(batch.source), batch.frames
        joined = frames if self._stage == 2 else 1
        with torch.no_grad():
            clean = model.codec.encode(to_unit(batch.target)).float()
        draws = groups * frames // joined
        time = torch.randint(0, TIMES, (draws,), generator=generator).repeat_interleave(joined)
        noise = torch.randn(draws, *clean.shape[1:], generator=generator)
        offset = torch.randn(draws, clean.shape[1], 1, 1, generator=generator)
        noise = (noise + self._config.noise_offset * offset).repeat_interleave(joined, 0).to(device)
        dropped = draw_drops(groups, frames, self._config, generator)
        dropped = Dropped(dropped.source.to(device), dropped.expression.to(device))
        weight, time = self._weights[time].to(device), time.to(device)
        noisy = self._schedule.add_noise(clean, noise, time)
        wanted = self._schedule.get_velocity(clean, noise, time)

        source = model.encode_source(to_unit(batch.source))
        prepared = model.prepare(source, conditions(batch), dropped)
        predicted = model.denoise(noisy, time, prepared, joined)
        error = (predicted.float() - wanted).square().mean((1, 2, 3))
        return {"loss": (weight * error).mean(), "unweighted": error.mean().detach()}
