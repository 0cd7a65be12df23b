"""Read and write motions as files: Live Link Face CSV, MediaPipe blendshape JSON, and our own `.npz`."""

from __future__ import annotations

from .formats import MOTION_SUFFIXES, read_motion, write_motion

__all__ = ["MOTION_SUFFIXES", "read_motion", "write_motion"]
