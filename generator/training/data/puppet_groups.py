"""Build the examples of `mini`: the same puppet at eight moments, one of them the source of the other seven.

Nothing is stored: example `k` of a run is determined by the seed and `k` alone, so a resumed run uses the same examples
as an uninterrupted one.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np
from torch import Tensor
from torch.utils.data import Dataset

from generator.face.face_params import FaceParams
from generator.network.config import ModelConfig
from generator.puppets import PuppetFrame, render, sample_motion
from generator.training.config import DataConfig

from .batch import Example, stack
from .clip import Moment
from .examples import example
from .maps import open_maps
from .puppet_clips import Casting, believed, same_head

_SOURCES = 3
"""Number of a puppet's moments that are used as source in turn."""
_CODEC_SEED = 1_000_003


@lru_cache(maxsize=8)
def _moments(casting: Casting, identity: int, size: int, count: int) -> tuple[str, list[FaceParams], list[PuppetFrame]]:
    """Return one neutral moment and `count` moments from eight seconds of motion."""
    rng = np.random.default_rng((casting.seed, identity))
    puppet = casting.draw(rng, identity)
    motion = sample_motion(rng, puppet, 100)
    chosen = rng.choice(100, count, replace=False)
    params = [puppet.neutral(), *(motion[int(index)] for index in chosen)]
    params = [replace(p, shape=puppet.shape) for p in params]
    return puppet.identity, params, [render(puppet, p, size) for p in params]


def codec_pictures(size: int, casting: Casting, puppets: int) -> Tensor:
    """Return pictures (N, 3, size, size) uint8 of puppets outside the examples, for fitting a patch codec."""
    others = replace(casting, seed=casting.seed + _CODEC_SEED)
    frames = [frame for identity in range(puppets) for frame in _moments(others, identity, size, 7)[2][::3]]
    return stack([frame.image for frame in frames])


class PuppetGroups(Dataset[Example]):
    """Build examples of puppets in groups of `data.sources`; three consecutive groups show the same puppets.

    Args:
        casting: Puppets to draw.
        model: Sizes of the model.
        data: Number of sources and targets.
    """

    def __init__(self, casting: Casting, model: ModelConfig, data: DataConfig) -> None:
        self._casting, self._model, self._data = casting, model, data

    def __getitem__(self, number: int) -> Example:
        """Return example `number` >= 0."""
        cv2.setNumThreads(1)
        batch, place = divmod(number, self._data.sources)
        identity, chosen = (batch // _SOURCES) * self._data.sources + place, batch % _SOURCES
        count = self._data.targets
        name, params, frames = _moments(self._casting, identity, self._model.image_size, count)
        chosen %= count + 1
        rng = np.random.default_rng((self._casting.seed, identity, chosen))
        source = believed(rng, params[chosen], self._data.jitter)
        targets = [index for index in range(count + 1) if index != chosen]
        draw = open_maps(self._model, self._data, frames[chosen].image, source)
        moments = [Moment(frames[index].image, frames[index].labels) for index in targets]
        wanted = [same_head(params[index], source) for index in targets]
        return example(name, frames[chosen].image, moments, wanted, draw)
