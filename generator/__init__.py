"""Animate stylised avatars; every returned frame is marked, every file is signed. This is the public interface."""

from __future__ import annotations

from facetrail_torchvision import declare_missing_operators

declare_missing_operators()

from .errors import FaceModelError, GenerationError, GeneratorError, MotionFileError, WeightsError  # noqa: E402
from .face.alignment import Retarget, align  # noqa: E402
from .face.face_params import DriveSequence, FaceParams  # noqa: E402
from .face.motion_files import MOTION_SUFFIXES, read_motion, write_motion  # noqa: E402
from .face.snapshot import draw_snapshot, show_snapshot  # noqa: E402
from .geometry import mouth_never_shuts  # noqa: E402
from .inference.animate_config import AnimateConfig  # noqa: E402
from .inference.clip import GeneratedClip, GeneratedFile  # noqa: E402
from .inference.geometry import GeometryAnimator  # noqa: E402
from .inference.hardware import Precision, fastest_device, find_device  # noqa: E402
from .inference.pipeline import Animator, read_sizes  # noqa: E402

__all__ = [
    "MOTION_SUFFIXES",
    "AnimateConfig",
    "Animator",
    "DriveSequence",
    "FaceModelError",
    "FaceParams",
    "GeneratedClip",
    "GeneratedFile",
    "GenerationError",
    "GeneratorError",
    "GeometryAnimator",
    "MotionFileError",
    "Precision",
    "Retarget",
    "WeightsError",
    "align",
    "draw_snapshot",
    "fastest_device",
    "find_device",
    "mouth_never_shuts",
    "read_motion",
    "read_sizes",
    "show_snapshot",
    "write_motion",
]
