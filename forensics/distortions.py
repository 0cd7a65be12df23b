"""Distort clips the way the world does: recompress, resize, blur, add noise, change the tone.

Every distortion is a pure function on frames; what is random comes from the generator passed in. Severity 1 is what an
upload does, 3 is what several uploads do.
"""

from __future__ import annotations

import difflib
import io
from collections.abc import Callable
from dataclasses import dataclass

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.errors import InputError

Frames = NDArray[np.uint8]
Rng = np.random.Generator

SEVERITIES = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Distortion:
    """Describe a distortion.

    Attributes:
        name: What reports call it.
        unit: What the levels count.
        levels: The parameter at severity 1, 2 and 3.
        apply: Distorts frames (T, H, W, 3) by a level.
    """

    name: str
    unit: str
    levels: tuple[float, float, float]
    apply: Callable[[Frames, float, Rng], Frames]


def distort(frames: Frames, name: str, severity: int, rng: Rng) -> Frames:
    """Distort a clip.

    Args:
        frames: (T, H, W, 3) uint8 RGB.
        name: A name from `DISTORTIONS`.
        severity: 1, 2 or 3.
        rng: Used by the distortions that draw something.

    Returns:
        New frames of the same shape.

    Raises:
        InputError: If the name or severity is unknown, or the frames are not (T, H, W, 3) uint8 with T ≥ 1.
    """
    spec = find_distortion(name)
    if severity not in SEVERITIES:
        raise InputError(f"distortion {name!r} has the severities 1, 2 and 3, got {severity!r}")
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3 or 0 in frames.shape:
        raise InputError(f"distortions want uint8 frames (T, H, W, 3) with T ≥ 1, got {frames.dtype} {frames.shape}")
    return spec.apply(frames, spec.levels[severity - 1], rng)


def find_distortion(name: str) -> Distortion:
    """Find a distortion by its exact name.

    Raises:
        InputError: If there is none; the message offers the nearest names.
    """
    for spec in DISTORTIONS:
        if spec.name == name:
            return spec
    names = [spec.name for spec in DISTORTIONS]
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.4) or names
    raise InputError(f"no distortion is named {name!r}; nearest: {', '.join(near)}")


def _jpeg(frames: Frames, quality: float, rng: Rng) -> Frames:
    return _each(frames, lambda frame: _still_roundtrip(frame, ".jpg", cv2.IMWRITE_JPEG_QUALITY, int(quality)))


def _webp(frames: Frames, quality: float, rng: Rng) -> Frames:
    return _each(frames, lambda frame: _still_roundtrip(frame, ".webp", cv2.IMWRITE_WEBP_QUALITY, int(quality)))


def _h264(frames: Frames, crf: float, rng: Rng) -> Frames:
    """Encode and decode as H.264 4:2:0; odd sides are padded by one repeated pixel and cut again."""
    height, width = frames.shape[1:3]
    even = np.pad(frames, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        options = {"crf": str(int(crf)), "preset": "fast", "threads": "1"}
        stream = container.add_stream("libx264", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = even.shape[2], even.shape[1], "yuv420p"
        for frame in even:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")))
        container.mux(stream.encode())
    file.seek(0)
    with av.open(file) as container:
        decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    if len(decoded) != len(frames):
        raise InputError(f"the encoder gave back {len(decoded)} of {len(frames)} frames of {width}×{height}")
    return np.ascontiguousarray(np.stack(decoded)[:, :height, :width])


def _blur(frames: Frames, sigma: float, rng: Rng) -> Frames:
    return _each(frames, lambda frame: cv2.GaussianBlur(frame, (0, 0), sigma))


def _resize(frames: Frames, scale: float, rng: Rng) -> Frames:
    height, width = frames.shape[1:3]
    small = (max(1, round(width * scale)), max(1, round(height * scale)))

    def there_and_back(frame: Frames) -> Frames:
        down = cv2.resize(frame, small, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(down, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)

    return _each(frames, there_and_back)


def _noise(frames: Frames, sigma: float, rng: Rng) -> Frames:
    def noisy(frame: Frames) -> Frames:
        grain = rng.standard_normal(frame.shape, dtype=np.float32) * np.float32(sigma)
        return np.clip(np.rint(frame + grain), 0, 255).astype(np.uint8)

    return _each(frames, noisy)


def _gamma(frames: Frames, gamma: float, rng: Rng) -> Frames:
    table = np.rint(255 * (np.arange(256) / 255) ** gamma).astype(np.uint8)
    return table[frames]


def _each(frames: Frames, change: Callable[[Frames], Frames]) -> Frames:
    return np.stack([np.asarray(change(frame), dtype=np.uint8) for frame in frames])


def _still_roundtrip(frame: Frames, suffix: str, flag: int, quality: int) -> Frames:
    done, data = cv2.imencode(suffix, np.ascontiguousarray(frame[..., ::-1]), [flag, quality])
    if not done:
        raise InputError(f"a frame of shape {frame.shape} cannot be encoded as {suffix}")
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)[..., ::-1]


DISTORTIONS: tuple[Distortion, ...] = (
    Distortion("jpeg", "quality", (85, 60, 35), _jpeg),
    Distortion("webp", "quality", (85, 60, 35), _webp),
    Distortion("h264", "constant rate factor", (23, 30, 37), _h264),
    Distortion("blur", "standard deviation, px", (0.6, 1.2, 2.0), _blur),
    Distortion("resize", "scale", (0.75, 0.5, 0.33), _resize),
    Distortion("noise", "standard deviation, grey levels", (2, 5, 10), _noise),
    Distortion("gamma", "exponent", (0.9, 1.25, 1.6), _gamma),
)
