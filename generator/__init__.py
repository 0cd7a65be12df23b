"""Animate stylised avatars; every returned frame is marked, every file is signed. This is the public interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facetrail_lazy_door import lazy_door
from facetrail_torchvision import prepare_imports

prepare_imports()

if TYPE_CHECKING:
    from .errors import FaceModelError, GenerationError, GeneratorError, MotionFileError, WeightsError
    from .face.alignment import Retarget, align
    from .face.face_params import DriveSequence, FaceParams
    from .face.motion_files import MOTION_SUFFIXES, read_motion, write_motion
    from .geometry import mouth_never_shuts
    from .inference.animate_config import AnimateConfig
    from .inference.clip import GeneratedClip, GeneratedFile
    from .inference.geometry import GeometryAnimator
    from .inference.hardware import Precision, fastest_device, find_device
    from .inference.live_picture import LiveFollower, LivePicture
    from .inference.pipeline import Animator, load_animator, read_sizes
else:
    __getattr__ = lazy_door(__name__, __file__)

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
    "LiveFollower",
    "LivePicture",
    "MotionFileError",
    "Precision",
    "Retarget",
    "WeightsError",
    "align",
    "fastest_device",
    "find_device",
    "load_animator",
    "mouth_never_shuts",
    "read_motion",
    "read_sizes",
    "write_motion",
]
