"""Draw people and creatures from numbers, with exact truth: the avatar head, its asset, and what is made of it."""

from __future__ import annotations

from .asset import HeadAsset, head_asset
from .eyes import GAZE_RADIANS, Eyeball
from .head import CAMERA_DISTANCE, EYES, PARTS, AvatarHead, MeshBasis, NeutralHead, avatar_head, project_perspective

__all__ = [
    "CAMERA_DISTANCE",
    "EYES",
    "GAZE_RADIANS",
    "PARTS",
    "AvatarHead",
    "Eyeball",
    "HeadAsset",
    "MeshBasis",
    "NeutralHead",
    "avatar_head",
    "head_asset",
    "project_perspective",
]
