"""Represent faces as parameters, and draw from them: alignment, one z-buffer, spatial maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facetrail_lazy_door import lazy_door

if TYPE_CHECKING:
    from .face_params import find_layout
    from .pose import project, rotation
else:
    __getattr__ = lazy_door(__name__, __file__)

__all__ = ["find_layout", "project", "rotation"]
