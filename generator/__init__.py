"""Animate stylised avatars; every frame that leaves is marked, every file is signed."""

from facetrail_torchvision import declare_missing_operators

declare_missing_operators()
