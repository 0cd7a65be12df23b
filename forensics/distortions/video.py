"""Compress video: H.264, H.265 and AV1 at a constant rate factor, 4:2:0, one thread."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from fractions import Fraction

import av
import numpy as np

from forensics.errors import InputError

from .distortion import Frames, Rng

H264, H265, AV1 = "libx264", "libx265", "libsvtav1"
DECODERS = {H264: "h264", H265: "hevc", AV1: "libdav1d"}
FPS = 25
_SMALLEST = {H265: 64, AV1: 64}
"""Shortest side that is encoded; smaller frames are padded, because x265 writes past its buffers below it."""
_REPRODUCIBLE = "cpu-independent=1"
"""Without this option x264 chooses by the processor, and on some the result varies from call to call."""


def has_encoder(name: str) -> bool:
    """Return whether the installed PyAV can encode with an encoder.

    Args:
        name: FFmpeg's name of the encoder.
    """
    try:
        av.codec.Codec(name, "w")
    except (ValueError, av.FFmpegError):
        return False
    return True


def h264(frames: Frames, crf: float, rng: Rng, *, preset: str = "medium") -> Frames:
    """Encode and decode as H.264.

    Args:
        frames: (T, H, W, 3) uint8 RGB, in the order of the clip.
        crf: Constant rate factor, 0–51.
        rng: Unused.
        preset: Preset of x264; `medium` is FFmpeg's default.
    """
    options = {"crf": str(int(crf)), "preset": preset, "threads": "1", "x264-params": _REPRODUCIBLE}
    return transcode(frames, H264, options)


def h265(frames: Frames, crf: float, rng: Rng) -> Frames:
    """Encode and decode as H.265.

    Args:
        frames: (T, H, W, 3) uint8 RGB, in the order of the clip.
        crf: Constant rate factor, 0–51.
        rng: Unused.
    """
    quiet = "log-level=none:pools=1:frame-threads=1"
    return transcode(frames, H265, {"crf": str(int(crf)), "preset": "medium", "x265-params": quiet})


def av1(frames: Frames, crf: float, rng: Rng) -> Frames:
    """Encode and decode as AV1 by SVT-AV1 at its preset 8.

    Args:
        frames: (T, H, W, 3) uint8 RGB, in the order of the clip.
        crf: Constant rate factor, 0–63.
        rng: Unused.
    """
    os.environ.setdefault("SVT_LOG", "1")  # errors only; otherwise it writes its settings to stderr
    return transcode(frames, AV1, {"crf": str(int(crf)), "preset": "8", "svtav1-params": "lp=1"})


def transcode(frames: Frames, encoder: str, options: Mapping[str, str]) -> Frames:
    """Encode and decode in memory; sides are padded with repeated pixels for the encoder, and cropped again.

    Args:
        frames: (T, H, W, 3) uint8 RGB.
        encoder: FFmpeg's name of the encoder.
        options: Options of the encoder.

    Raises:
        InputError: The installed PyAV lacks the encoder, or it refuses the frames or loses some.
    """
    if not has_encoder(encoder):
        raise InputError(f"the installed PyAV has no encoder {encoder}; install a wheel of PyAV that has it")
    height, width = frames.shape[1:3]
    least = _SMALLEST.get(encoder, 2)
    rows, columns = (max(side + side % 2, least) for side in (height, width))
    even = np.pad(frames, ((0, 0), (0, rows - height), (0, columns - width), (0, 0)), mode="edge")
    try:
        packets = _encode(even, encoder, options)
        decoded = _decode(packets, DECODERS[encoder])
    except av.FFmpegError as error:
        raise InputError(f"{encoder} refuses {len(frames)} frames of {width}×{height}: {error}") from error
    if len(decoded) != len(frames):
        raise InputError(f"{encoder} gave back {len(decoded)} of {len(frames)} frames of {width}×{height}")
    return np.ascontiguousarray(np.stack(decoded)[:, :height, :width])


def _encode(frames: Frames, encoder: str, options: Mapping[str, str]) -> list[av.Packet]:
    """Return packets encoded without a container, which changes no pixel; FFmpeg's MP4 muxer fails on short H.265."""
    context = av.codec.CodecContext.create(encoder, "w")
    context.height, context.width = frames.shape[1:3]
    context.pix_fmt, context.time_base, context.framerate = "yuv420p", Fraction(1, FPS), FPS
    context.options = dict(options)
    packets: list[av.Packet] = []
    for number, pixels in enumerate(frames):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        frame.pts = number
        packets += context.encode(frame)
    packets += context.encode(None)
    return packets


def _decode(packets: Sequence[av.Packet], decoder: str) -> list[Frames]:
    context = av.codec.CodecContext.create(decoder, "r")
    context.thread_count = 1
    frames = [frame for packet in packets for frame in context.decode(packet)] + context.decode(None)
    return [np.asarray(frame.to_ndarray(format="rgb24", threads=1), dtype=np.uint8) for frame in frames]
