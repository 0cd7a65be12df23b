"""Finish pictures in ten styles, from shaded surfaces to the last pixel."""

from __future__ import annotations

from .finish import finish
from .frame import Frame
from .names import KINDS, STYLES, Style, find_style

__all__ = ["KINDS", "STYLES", "Frame", "Style", "find_style", "finish"]
