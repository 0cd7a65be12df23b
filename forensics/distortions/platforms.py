"""Emulate the processing of pictures and clips on sharing platforms: limit the size, halve the chroma, compress.

Platforms publish no such numbers and change them often; no value here was captured from one. The longest sides of
`facebook` and `instagram` follow measurements by a photographer (J. Harmon, Photo Taco Podcast, "Dimensions and quality
for social media photo sharing"); every other figure is our estimate of what a reader receives.
"""

from __future__ import annotations

from dataclasses import dataclass

from .distortion import Frames, Rng
from .resampling import fit_within
from .stills import jpeg
from .video import h264


@dataclass(frozen=True, slots=True)
class Platform:
    """The assumed processing of a platform.

    Attributes:
        name: Name of the platform.
        still_side: Longest side of a still, in pixels.
        quality: Quality of its JPEG, chroma at half resolution.
        clip_side: Longest side of a clip, in pixels.
        crf: Constant rate factor of its H.264, 4:2:0.
        source: Source of the figures.
    """

    name: str
    still_side: int
    quality: int
    clip_side: int
    crf: int
    source: str = "our estimate"

    @property
    def parameter(self) -> str:
        """Return the figures in words."""
        return (
            f"stills within {self.still_side} px at JPEG quality {self.quality}, "
            f"clips within {self.clip_side} px at H.264 crf {self.crf}"
        )

    def share(self, frames: Frames, level: float, rng: Rng) -> Frames:
        """Process a clip, or a still as a clip of one frame, as the platform is assumed to do.

        Args:
            frames: (T, H, W, 3) uint8 RGB.
            level: Unused.
            rng: Unused.
        """
        if len(frames) == 1:
            return jpeg(fit_within(frames, self.still_side), self.quality, rng)
        return h264(fit_within(frames, self.clip_side), self.crf, rng)


_HARMON = "longest side of a still as measured by J. Harmon (Photo Taco Podcast), the rest our estimate"

PLATFORMS = (
    Platform("messenger", still_side=1600, quality=70, clip_side=848, crf=30),
    Platform("microblog", still_side=2048, quality=85, clip_side=1280, crf=27),
    Platform("facebook", still_side=1920, quality=77, clip_side=1280, crf=28, source=_HARMON),
    Platform("instagram", still_side=1080, quality=74, clip_side=1280, crf=28, source=_HARMON),
    Platform("video-site", still_side=1280, quality=80, clip_side=854, crf=29),
)
