"""Represent faces as parameters, and draw from them: alignment, the puppet head, spatial maps."""

from __future__ import annotations

from .face_params import find_layout
from .head_model import GAZE_REACH, features, landmarks68, project, rotation, surface

__all__ = ["GAZE_REACH", "features", "find_layout", "landmarks68", "project", "rotation", "surface"]
