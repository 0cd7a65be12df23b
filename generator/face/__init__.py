"""Faces as numbers, and what is drawn from them: parameters, alignment, the puppet head, spatial maps."""

from .face_params import find_layout
from .head_model import project, rotation, surface
from .source_warp import SourceWarp

__all__ = ["SourceWarp", "find_layout", "project", "rotation", "surface"]
