"""Describe how a clip is written, by the suffix of its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from watermark.errors import MediaError

from .containers import writable
from .frame_timing import FASTEST, LARGEST_DENOMINATOR

_COPIED_TO_MP4 = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"})


@dataclass(frozen=True, slots=True)
class ClipFormat:
    """How clips of one kind are written.

    Attributes:
        muxer: Name of the container.
        codec: Name of the video encoder.
        pixels: Format of opaque pixels.
        transparent: Format of pixels with alpha, None where the files hold no alpha.
        options: Options of the encoder.
        clear_options: Further ones for pixels with alpha, which leave the mark less room.
        muxing: Options of the container.
        copied: Codecs of sound that are copied; empty where the files hold no sound.
        sound: Encoder of other sound.
        fastest: Largest number of frames per second that players show.
    """

    muxer: str
    codec: str
    pixels: str
    transparent: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    clear_options: Mapping[str, str] = field(default_factory=dict)
    muxing: Mapping[str, str] = field(default_factory=dict)
    copied: frozenset[str] = frozenset()
    sound: str = ""
    fastest: int = FASTEST

    @property
    def grows(self) -> bool:
        """Return whether odd sides grow by a copy of the last row or column, as 4:2:0 in a video needs them even."""
        return "420" in self.pixels and self.muxer != "webp"


CLIP_FORMATS = {
    ".mp4": ClipFormat(
        "mp4",
        "libx264",
        "yuv420p",
        options={"preset": "medium"},
        muxing={"movflags": "+faststart"},
        copied=_COPIED_TO_MP4,
        sound="aac",
    ),
    ".mov": ClipFormat(
        "mov",
        "prores_ks",
        "yuv444p10le",
        "yuva444p10le",
        options={"profile": "4444"},
        muxing={"movflags": "+faststart"},
        copied=_COPIED_TO_MP4 - {"opus", "flac"},
        sound="aac",
    ),
    ".webm": ClipFormat(
        "webm",
        "libvpx-vp9",
        "yuv420p",
        "yuva420p",
        options={"crf": "20", "b": "0", "deadline": "good", "cpu-used": "4", "auto-alt-ref": "0"},
        copied=frozenset({"opus", "vorbis"}),
        sound="libopus",
    ),
    ".webp": ClipFormat(
        "webp",
        "libwebp_anim",
        "yuv420p",
        "yuva420p",
        options={"quality": "85"},
        clear_options={"quality": "96"},
        muxing={"loop": "0"},
    ),
    ".gif": ClipFormat("gif", "gif", "pal8", muxing={"loop": "0"}, fastest=50),
}
"""Formats of clips by suffix. The mark is found in all of them, see results/outputs.csv."""


def clip_format(path: Path) -> ClipFormat:
    """Return how a clip is written to a path.

    Raises:
        MediaError: The suffix is none of a clip.
    """
    writable(path, moving=True)
    return CLIP_FORMATS[path.suffix.lower()]


def holds_alpha(path: Path, *, moving: bool) -> bool:
    """Return whether a file of this suffix keeps how opaque its pixels are; a folder of pictures does.

    Args:
        path: Path of a file or folder to be written.
        moving: Whether it is to hold a clip rather than a still.
    """
    suffix = path.suffix.lower()
    if moving and suffix:
        return suffix in CLIP_FORMATS and CLIP_FORMATS[suffix].transparent is not None
    return suffix not in (".jpg", ".jpeg")


def check_clip(path: Path, fps: float | Fraction) -> Fraction:
    """Return the frame rate in the form that is written.

    Raises:
        MediaError: The suffix is none of a clip, or the rate is not positive or higher than such files can show.
    """
    fastest = clip_format(path).fastest
    if not 0 < fps <= fastest:
        way_out = "; name an .mp4, .webm or .webp instead" if 0 < fps <= FASTEST else ""
        raise MediaError(
            f"{path}: a frame rate of {float(fps):g} cannot be written; a {path.suffix} file has between 0 and "
            f"{fastest} frames a second{way_out}"
        )
    return Fraction(fps).limit_denominator(LARGEST_DENOMINATOR)
