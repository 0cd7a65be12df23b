"""List the formats in which clips are written: their containers, coders, and what they hold beside opaque pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .containers import Container
from .frame_timing import FASTEST

_MOST_RATE_FACTOR = 63


@dataclass(frozen=True, slots=True)
class VideoCoding:
    """How pictures are coded.

    Attributes:
        codec: Name of the encoder.
        pixels: Format of the pixels.
        options: Options of the encoder.
        rate_steps: How much higher the constant rate factor is than that of x264, None where the encoder has none.
        even: Whether odd sides grow by a copy of the last row or column.
    """

    codec: str
    pixels: str
    options: Mapping[str, str] = field(default_factory=dict)
    rate_steps: int | None = None
    even: bool = False

    def options_for(self, crf: int) -> dict[str, str]:
        """Return the options of the encoder at a rate factor of x264."""
        if self.rate_steps is None:
            return dict(self.options)
        return {**self.options, "crf": str(min(crf + self.rate_steps, _MOST_RATE_FACTOR))}


@dataclass(frozen=True, slots=True)
class ClipFormat:
    """How clips of one kind are written.

    Attributes:
        container: The container, which says whether the file holds its credential.
        muxer: Name of the container in the clip library, which is also the suffix.
        opaque: Coding of opaque pictures.
        transparent: Coding of pictures with alpha, None where the files hold no alpha.
        muxing: Options of the container.
        fragments: Options of the container for a file in fragments, None where there are none.
        copied: Codecs of sound that are copied.
        sound: Encoder of other sound; empty where the files hold nothing beside pictures.
        subtitles: Codecs of subtitles that are copied; others are left out.
        fastest: Largest number of frames per second that players show.
    """

    container: Container
    muxer: str
    opaque: VideoCoding
    transparent: VideoCoding | None = None
    muxing: Mapping[str, str] = field(default_factory=dict)
    fragments: Mapping[str, str] | None = None
    copied: frozenset[str] = frozenset()
    sound: str = ""
    subtitles: frozenset[str] = frozenset()
    fastest: int = FASTEST


_H264 = VideoCoding("libx264", "yuv420p", {"preset": "medium"}, rate_steps=0, even=True)
_PRORES = VideoCoding("prores_ks", "yuva444p10le", {"profile": "4444"})
_VP9_OPTIONS = {"b": "0", "deadline": "good", "cpu-used": "4", "auto-alt-ref": "0"}
_WHOLE = {"movflags": "+faststart"}
_FRAGMENTED = {"movflags": "+frag_keyframe+empty_moov+default_base_moof"}
_ENDLESS = {"loop": "0"}
_COPIED_TO_MP4 = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"})

CLIP_FORMATS = {
    ".mp4": ClipFormat(
        Container.MP4,
        "mp4",
        _H264,
        muxing=_WHOLE,
        fragments=_FRAGMENTED,
        copied=_COPIED_TO_MP4,
        sound="aac",
        subtitles=frozenset({"mov_text"}),
    ),
    ".mov": ClipFormat(
        Container.MP4,
        "mov",
        _H264,
        _PRORES,
        muxing=_WHOLE,
        fragments=_FRAGMENTED,
        copied=_COPIED_TO_MP4 - {"opus", "flac"},
        sound="aac",
        subtitles=frozenset({"mov_text"}),
    ),
    ".webm": ClipFormat(
        Container.MATROSKA,
        "webm",
        VideoCoding("libvpx-vp9", "yuv420p", _VP9_OPTIONS, rate_steps=2, even=True),
        VideoCoding("libvpx-vp9", "yuva420p", _VP9_OPTIONS, rate_steps=2, even=True),
        copied=frozenset({"opus", "vorbis"}),
        sound="libopus",
        subtitles=frozenset({"webvtt"}),
    ),
    ".webp": ClipFormat(
        Container.WEBP,
        "webp",
        VideoCoding("libwebp_anim", "yuv420p", {"quality": "85"}),
        VideoCoding("libwebp_anim", "yuva420p", {"quality": "96"}),  # alpha leaves the mark less room
        muxing=_ENDLESS,
    ),
    ".gif": ClipFormat(Container.GIF, "gif", VideoCoding("gif", "pal8"), muxing=_ENDLESS, fastest=50),
}
"""Formats of clips by suffix. The mark is found in all of them, see results/outputs.csv."""
