"""The mark's id in a clip's first noise, and the way back to it: DDIM backwards, under the clip's own conditions.

A step x_b = f(x_a) has no closed inverse, because the network looks at x_a. Its fixed point is found by iteration, each
time with the network's prediction for the last guess (ReNoise: Garibi et al., arXiv 2403.14602, without its averages).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from generator.errors import GenerationError
from watermark.mark.codecs import LatentCodec, LatentReading

from .clip_conditions import picture_tensor
from .clip_work import ClipWork
from .denoising import Task
from .framing import Picture

_ROUNDS = 6


def with_marked_noise(work: ClipWork, shape: Sequence[int], key: bytes, seed: int) -> ClipWork:
    """Return the work, starting from noise that carries its mark's id.

    Args:
        work: The clip.
        shape: (C, g, g) of the noise.
        key: The mark key.
        seed: Of the noise's magnitudes.
    """
    noise = _codec(work, shape, key).noise(work.claim.payload.id, np.random.default_rng(seed))
    sampler = work.settings.sampler.starting_from(torch.from_numpy(noise))
    return replace(work, settings=replace(work.settings, sampler=sampler))


def noise_of(task: Task, frames: Picture) -> Tensor:
    """Return the noise (N, C, g, g) that some frames of a clip came from.

    Args:
        task: The clip.
        frames: (T, S, S, 3) uint8 RGB, all of its frames; the few that the mark is fitted to are taken, with temporal
            modules all.

    Raises:
        GenerationError: The clip has temporal modules and does not fit into one window, or the iteration diverges.
    """
    pieces = [(at, at + 1) for at in task.apart]
    if task.model.motion is not None:
        if task.frames > task.settings.window:
            raise GenerationError(
                f"the noise of {task.frames} frames cannot be recovered, because they do not fit into one window of "
                f"{task.settings.window}; only clips that do can be read"
            )
        pieces = [(0, task.frames)]
    found, like = [], task.source.latent
    for start, stop in pieces:
        given = picture_tensor(frames[start:stop]).to(like.device, like.dtype)
        found.append(recover_noise(task, task.model.codec.encode(given).float().cpu(), start))
    return torch.cat(found)


def recover_noise(task: Task, latents: Tensor, start: int = 0) -> Tensor:
    """Return the noise (N, C, g, g) that consecutive frames came from.

    Args:
        task: The clip; with temporal modules all its frames, which must fit into one window.
        latents: (N, C, g, g) float32 clean latents of the frames.
        start: Number of the first of them.

    Raises:
        GenerationError: The iteration diverges.
    """
    prepared = task.prepare(task.conditions(start, start + len(latents)))
    together = 1 if task.model.motion is None else len(latents)
    for step in reversed(range(len(task.settings.sampler.times))):
        after = latents
        for _ in range(_ROUNDS):
            predicted = task.predict(step, latents, prepared, frames=together)
            latents = task.settings.sampler.retreat(step, after, predicted)
    return latents


def read_noise(noise: Tensor, work: ClipWork, keys: Sequence[bytes]) -> LatentReading:
    """Read recovered noise (N, C, g, g) of frames that share it, with each key; the p-value counts the keys.

    Args:
        noise: The noise.
        work: The clip.
        keys: Mark keys that it may have been marked with.
    """
    mean = noise.mean(0).numpy()
    readings = [_codec(work, mean.shape, key).read(mean) for key in keys]
    best = max(readings, key=lambda reading: reading.z)
    return replace(best, p_value=min(best.p_value * len(keys), 1.0))


def _codec(work: ClipWork, shape: Sequence[int], key: bytes) -> LatentCodec:
    return LatentCodec(key, shape, nonce=work.source.tobytes())
