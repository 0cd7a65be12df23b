"""Draw people and creatures from numbers, with exact truth: the avatar head, its asset, and what is made of it.

`avatar_head` gives the head; `plausible_character` draws a head shape and `sample_motion` a motion; `head_geometry` and
`frame_truth` tell what a frame of them shows at every pixel.
"""

from __future__ import annotations

from .asset import HeadAsset, head_asset
from .eyes import GAZE_RADIANS, Eyeball, lids_follow_gaze
from .head import CAMERA_DISTANCE, EYES, PARTS, AvatarHead, MeshBasis, NeutralHead, avatar_head, project_perspective
from .motion import coefficients, sample_motion, shoulders_at_rest
from .plausibility import HeadMeasures, faults, measure, plausible_character
from .proportions import Proportions
from .shapes import HeadShape, Kind, sample_character, sample_shape
from .truth import LABELS, Flow, FrameTruth, Geometry, flow, frame_truth, head_geometry, joined, landmark_truth

__all__ = [
    "CAMERA_DISTANCE", "EYES", "GAZE_RADIANS", "LABELS", "PARTS", "AvatarHead", "Eyeball", "Flow", "FrameTruth",
    "Geometry", "HeadAsset", "HeadMeasures", "HeadShape", "Kind", "MeshBasis", "NeutralHead", "Proportions",
    "avatar_head", "coefficients", "faults", "flow", "frame_truth", "head_asset", "head_geometry", "joined",
    "landmark_truth", "lids_follow_gaze", "measure", "plausible_character", "project_perspective",
    "sample_character", "sample_motion", "sample_shape", "shoulders_at_rest",
]  # fmt: skip
