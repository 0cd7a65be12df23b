"""Represent faces as parameters, and draw from them: alignment, one z-buffer, spatial maps."""

from __future__ import annotations

from .face_params import find_layout
from .pose import project, rotation

__all__ = ["find_layout", "project", "rotation"]
