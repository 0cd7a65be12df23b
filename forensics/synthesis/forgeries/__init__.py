"""Make forgeries other than the generator's, by pure functions from footage to edited footage."""

from __future__ import annotations

from .blend import blend_with_itself
from .edit import EYES, MOUTH, edit_region
from .footage import Edited, Footage
from .partial import confine, sample_parts
from .reenact import warp_by_landmarks, warp_by_truth
from .shapes import hull, lay_over
from .swap import bend, clone, swap_faces
from .twin import open_codec, recode

__all__ = [
    "EYES",
    "MOUTH",
    "Edited",
    "Footage",
    "bend",
    "blend_with_itself",
    "clone",
    "confine",
    "edit_region",
    "hull",
    "lay_over",
    "open_codec",
    "recode",
    "sample_parts",
    "swap_faces",
    "warp_by_landmarks",
    "warp_by_truth",
]
