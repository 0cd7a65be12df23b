"""Represent faces as parameters, and draw from them: alignment, the puppet head, spatial maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facetrail_lazy_door import lazy_door

if TYPE_CHECKING:
    from .face_params import find_layout
    from .head_model import GAZE_REACH, features, landmarks68, project, rotation, surface
else:
    __getattr__ = lazy_door(__name__, __file__)

__all__ = ["GAZE_REACH", "features", "find_layout", "landmarks68", "project", "rotation", "surface"]
