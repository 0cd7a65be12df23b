"""Draw the spatial maps of an example in the same way as inference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from generator.face.face_params import FaceParams
from generator.face.spatial_maps import MapRenderer
from generator.face_models import FaceModel, load_face_model
from generator.geometry import LayerMaps
from generator.network.config import ModelConfig
from generator.training.config import DataConfig

from .batch import Picture

DrawMaps = Callable[[FaceParams], dict[str, Picture]]
_BLANK = {"moved": 128}
"""Value of a withheld map where it is not 0: the middle of its range."""


@lru_cache(maxsize=2)
def _load(name: str, path: str) -> FaceModel:
    if name == "flame":
        from generator.trackers import find_flame

        return load_face_model(name, find_flame(Path(path) if path else None))
    return load_face_model(name)


def head_of(model: ModelConfig, data: DataConfig) -> FaceModel:
    """Load the face model whose parameters the network reads, once per process."""
    return _load(model.face_model, data.face_model_file)


def open_maps(model: ModelConfig, data: DataConfig, picture: Picture, source: FaceParams) -> DrawMaps:
    """Build a function that draws the maps of one source (S, S, 3) for any target."""
    renderer: DrawMaps = (
        LayerMaps(picture, source)
        if model.layered
        else MapRenderer(head_of(model, data), model.maps, model.image_size, source)
    )

    def draw(target: FaceParams) -> dict[str, Picture]:
        maps = renderer(target)
        for name in data.withheld_maps:
            maps[name] = np.full_like(maps[name], _BLANK.get(name, 0))
        return maps

    return draw


def same_head(params: FaceParams, source: FaceParams) -> FaceParams:
    """Return a frame's parameters on the source's head, which is Facial Alignment within one clip."""
    return replace(params, shape=source.shape)
