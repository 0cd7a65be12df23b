"""Draw people and creatures from numbers, with exact truth.

`sample_avatar` draws a character in a style, `sample_motion` a motion, and `render` a frame of both; `avatar_truth`
tells what the frame shows at every pixel, and `flow` where it lies in another frame. `avatar_head` is the head itself.
"""

from __future__ import annotations

from .asset import HeadAsset, head_asset
from .avatar import Avatar, restyle, sample_avatar
from .avatar_truth import avatar_landmarks, avatar_truth, with_residual
from .eyes import GAZE_RADIANS, Eyeball, lids_follow_gaze
from .head import CAMERA_DISTANCE, EYES, PARTS, AvatarHead, MeshBasis, NeutralHead, avatar_head, project_perspective
from .materials import MATERIALS
from .motion import coefficients, sample_motion, shoulders_at_rest
from .plausibility import HeadMeasures, faults, measure, plausible_character
from .proportions import Proportions
from .render import RenderedAvatar, render
from .shapes import HeadShape, Kind, sample_character, sample_shape
from .styles import KINDS, STYLES, Style, find_style
from .truth import Flow, FrameTruth, Geometry, flow, frame_truth, head_geometry, landmark_truth

__all__ = [
    "CAMERA_DISTANCE", "EYES", "GAZE_RADIANS", "KINDS", "MATERIALS", "PARTS", "STYLES", "Avatar", "AvatarHead",
    "Eyeball", "Flow", "FrameTruth", "Geometry", "HeadAsset", "HeadMeasures", "HeadShape", "Kind", "MeshBasis",
    "NeutralHead", "Proportions", "RenderedAvatar", "Style", "avatar_head", "avatar_landmarks", "avatar_truth",
    "coefficients", "faults", "find_style", "flow", "frame_truth", "head_asset", "head_geometry", "landmark_truth",
    "lids_follow_gaze", "measure", "plausible_character", "project_perspective", "render", "restyle",
    "sample_avatar", "sample_character", "sample_motion", "sample_shape", "shoulders_at_rest",
    "with_residual",
]  # fmt: skip
