"""Training pairs from puppets: the same avatar in two moments, with exact parameters, drawn on the fly.

Nothing is stored: example `k` of a run follows from the seed and `k` alone, so a resumed run sees what an undisturbed
one would have seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from .config import ModelConfig
from .face_params import EXPRESSION_HIGH, EXPRESSION_LOW, FaceParams
from .puppets import PuppetFrame, render, sample_motion, sample_puppet
from .source_warp import SourceWarp

FRAMES = 8
"""Moments drawn per puppet: one neutral, the others from eight seconds of motion."""
SOURCES = 3
"""How many of them serve as source in turn."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Groups of one source and `FRAMES` - 1 targets each; pictures are uint8 on the first axis groups x targets.

    Attributes:
        source: (G, 3, S, S). target, moved: (N, 3, S, S). guides: (N, 3, S, S). snapshot: (N, 6, s, s).
        expression: (N, 14) float. labels: (N, S, S) ground-truth part of each pixel.
    """

    source: Tensor
    target: Tensor
    moved: Tensor
    guides: Tensor
    snapshot: Tensor
    expression: Tensor
    labels: Tensor


@lru_cache(maxsize=8)
def _moments(seed: int, identity: int, size: int) -> tuple[list[FaceParams], list[PuppetFrame]]:
    rng = np.random.default_rng((seed, identity))
    puppet = sample_puppet(rng)
    motion = sample_motion(rng, puppet, 100)
    chosen = rng.choice(100, FRAMES - 1, replace=False)
    params = [puppet.neutral(), *(motion[int(index)] for index in chosen)]
    params = [replace(p, shape=puppet.shape) for p in params]
    return params, [render(puppet, p, size) for p in params]


def _jitter(rng: np.random.Generator, params: FaceParams) -> FaceParams:
    """Return parameters as a good tracker would report them, not as they are."""
    expression = params.expression + rng.normal(0, 0.04, len(params.expression))
    return FaceParams(
        shape=(params.shape + rng.normal(0, 0.15, len(params.shape))).astype(np.float32),
        expression=np.clip(expression, EXPRESSION_LOW, EXPRESSION_HIGH).astype(np.float32),
        pose=(params.pose + rng.normal(0, 0.03, 3)).astype(np.float32),
        gaze=np.clip(params.gaze + rng.normal(0, 0.08, 2), -1, 1).astype(np.float32),
        camera=(params.camera * (1 + rng.normal(0, 0.012, 3))).astype(np.float32),
    )


def expression_input(params: FaceParams) -> NDArray[np.float32]:
    """Return what the Expression Adapter sees of a frame, (14,)."""
    return np.concatenate([params.expression, params.gaze]).astype(np.float32)


def _stack(pictures: list[NDArray[np.uint8]]) -> Tensor:
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous()


def codec_pictures(size: int, seed: int, puppets: int) -> Tensor:
    """Return pictures (N, 3, size, size) uint8 of puppets that no training batch shows, for fitting the codec."""
    frames = [frame for identity in range(puppets) for frame in _moments(seed + 1_000_003, identity, size)[1][::3]]
    return _stack([frame.image for frame in frames])


class PuppetBatches(Dataset[Batch]):
    """Batch `step` of a run; steps 3k, 3k+1 and 3k+2 show the same puppets with another moment as source."""

    def __init__(self, config: ModelConfig, seed: int, groups: int, steps: int) -> None:
        self._config, self._seed, self._groups, self._steps = config, seed, groups, steps

    def __len__(self) -> int:
        return self._steps

    def __getitem__(self, step: int) -> Batch:
        cv2.setNumThreads(1)
        size = self._config.image_size
        rows: list[list[NDArray[np.uint8]]] = [[], [], [], []]
        sources, expressions, labels = [], [], []
        for group in range(self._groups):
            identity = (step // SOURCES) * self._groups + group
            params, frames = _moments(self._seed, identity, size)
            chosen = step % SOURCES
            rng = np.random.default_rng((self._seed, identity, chosen))
            believed = _jitter(rng, params[chosen]) if rng.random() < 0.5 else params[chosen]
            warp = SourceWarp(frames[chosen].image, believed)
            sources.append(frames[chosen].image)
            for index in range(FRAMES):
                if index == chosen:
                    continue
                wanted = replace(params[index], shape=believed.shape)
                scene = warp(wanted)
                pictures = (frames[index].image, scene.moved, scene.guides, scene.snapshot)
                for row, picture in zip(rows, pictures, strict=True):
                    row.append(picture)
                expressions.append(expression_input(wanted))
                labels.append(frames[index].labels)
        return Batch(
            source=_stack(sources), target=_stack(rows[0]), moved=_stack(rows[1]), guides=_stack(rows[2]),
            snapshot=_stack(rows[3]), expression=torch.from_numpy(np.stack(expressions)),
            labels=torch.from_numpy(np.stack(labels)),
        )  # fmt: skip
