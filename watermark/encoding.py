"""Write stills and clips: the one encoder that synthetic and genuine corpus files both pass through.

The same frames and settings give the same bytes: one coding thread, no time stamps, no random identifiers.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image

from .containers import Container, writable
from .errors import MediaError

_KEY_FRAME_SECONDS = 2
_LARGEST_DENOMINATOR = 1001


def encode_still(image: npt.NDArray[np.uint8], path: Path, *, quality: int = 95) -> None:
    """Write one picture as PNG, JPEG or WebP, as the suffix says.

    Args:
        image: uint8 RGB, `(H, W, 3)`.
        path: Where to write; an existing file is overwritten in place.
        quality: 1 … 100 for JPEG and WebP; PNG is lossless.

    Raises:
        MediaError: The suffix names no still format.
        OSError: The file cannot be written.
    """
    container = writable(path)
    if container.is_clip:
        raise MediaError(f"{path}: cannot hold a still; use .png, .jpg or .webp")
    options: dict[Container, dict[str, object]] = {
        Container.PNG: {"compress_level": 6},
        Container.JPEG: {"quality": quality, "subsampling": "4:2:0"},
        Container.WEBP: {"quality": quality, "method": 4},
    }
    Image.fromarray(image).save(path, format=container.name, **options[container])


def encode_clip(frames: npt.NDArray[np.uint8], path: Path, fps: float | Fraction, *, crf: int = 18) -> None:
    """Write frames as H.264 in MP4 with its index in front.

    4:2:0 needs even sides: an odd one grows by a copy of its last row or column, so no pixel is lost. A key frame
    comes at least every two seconds, so that a piece cut out still carries the mark.

    Args:
        frames: uint8 RGB, `(T, H, W, 3)`.
        path: Where to write, suffix .mp4; an existing file is overwritten in place.
        fps: Frames a second.
        crf: Constant rate factor of x264, 0 … 51; lower is better.

    Raises:
        MediaError: The suffix is not .mp4, or the rate is not positive.
        OSError: The file cannot be written.
    """
    if not writable(path).is_clip:
        raise MediaError(f"{path}: cannot hold a clip; use .mp4")
    if not 0 < fps <= 1000:
        raise MediaError(f"{path}: a frame rate of {fps} cannot be written; give frames a second between 0 and 1000")
    rate = Fraction(fps).limit_denominator(_LARGEST_DENOMINATOR)
    even = np.pad(frames, ((0, 0), (0, frames.shape[1] % 2), (0, frames.shape[2] % 2), (0, 0)), mode="edge")
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart", "fflags": "+bitexact"}) as file:
        key_frames = str(max(round(rate * _KEY_FRAME_SECONDS), 1))
        options = {"crf": str(crf), "preset": "medium", "g": key_frames, "threads": "1"}
        stream = file.add_stream("libx264", rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = even.shape[2], even.shape[1], "yuv420p"
        stream.codec_context.colorspace = Colorspace.SMPTE170M
        stream.codec_context.color_range = ColorRange.MPEG
        for picture in even:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            file.mux(stream.encode(frame.reformat(format="yuv420p", dst_colorspace=Colorspace.SMPTE170M)))
        file.mux(stream.encode())
