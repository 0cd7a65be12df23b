"""Define the sizes of an `sd15` model for chosen maps and a chosen face model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from generator.errors import WeightsError
from generator.face.face_params import LAYOUTS
from generator.face.surface_maps import SURFACE_MAPS
from generator.network.config import SD15, ModelConfig

MAPS = tuple(SURFACE_MAPS)
"""Spatial maps of three channels at picture size, which an `sd15` model can use."""
_GAZE = 2


def sd15_sizes(maps: Sequence[str] | None = None, face_model: str | None = None) -> ModelConfig:
    """Return preset `sd15` with other maps or another face model.

    Args:
        maps: Names from `MAPS`; None keeps the preset's.
        face_model: "arkit" or "flame"; None keeps the preset's.

    Raises:
        WeightsError: A name is unknown, or given twice.
    """
    config = SD15
    if maps is not None:
        strange = [name for name in maps if name not in MAPS]
        if strange or not maps or len(set(maps)) != len(maps):
            raise WeightsError(f"maps {','.join(maps)!r}: expected different names out of {', '.join(MAPS)}")
        config = replace(config, maps=tuple(maps))
    if face_model is not None:
        if face_model not in LAYOUTS:
            raise WeightsError(f"face model {face_model!r}: expected one of {', '.join(LAYOUTS)}")
        inputs = len(LAYOUTS[face_model].expression) + _GAZE
        config = replace(config, face_model=face_model, expression_inputs=inputs)
    return config
