"""Read stills and clips into uint8 RGB frames."""

from __future__ import annotations

import itertools
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from .containers import Container, is_cut_off, sniff
from .errors import MediaError

MOST_PIXELS = 64_000_000
MOST_CLIP_BYTES = 4 << 30

_DECODER_ERRORS = (OSError, ValueError, SyntaxError, EOFError, OverflowError, IndexError, struct.error, zlib.error)


@dataclass(frozen=True, slots=True, eq=False)
class Media:
    """A decoded still or clip.

    Attributes:
        frames: uint8 RGB, `(T, H, W, 3)`; a still has one frame.
        fps: Frames a second, or None for a still.
    """

    frames: npt.NDArray[np.uint8]
    fps: float | None

    @property
    def width(self) -> int:
        """Pixels in a row."""
        return int(self.frames.shape[2])

    @property
    def height(self) -> int:
        """Pixels in a column."""
        return int(self.frames.shape[1])


def read_media(path: Path, *, max_frames: int | None = None) -> Media:
    """Decode a PNG, JPEG, WebP, MP4, MOV or Matroska file as a viewer shows it.

    The content decides which it is. Orientation tags are applied, transparency is laid over white, grey, palette, CMYK
    and 16-bit pictures become 8-bit RGB. Sound is ignored.

    Args:
        path: The file.
        max_frames: Stop after this many frames.

    Raises:
        MediaError: The file is missing, of another kind, damaged, truncated, animated but no video, or too large to
            decode safely.
    """
    container = sniff(path)
    if container.is_clip:
        return _read_clip(path, container, max_frames)
    return Media(_read_still(path, container)[None], None)


def _read_still(path: Path, container: Container) -> npt.NDArray[np.uint8]:
    try:
        with Image.open(path, formats=[container.name]) as image:
            _check_area(path, *image.size)
            if getattr(image, "n_frames", 1) > 1:
                raise MediaError(f"{path}: is an animation, not a still; convert it to MP4")
            image.load()
            return np.asarray(_rgb(ImageOps.exif_transpose(image)), dtype=np.uint8)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise MediaError(f"{path}: has more than {MOST_PIXELS} pixels; scale it down first") from None
    except _DECODER_ERRORS as error:
        raise MediaError(f"{path}: is damaged or truncated ({error}); get a sound copy of the file") from error


def _rgb(image: Image.Image) -> Image.Image:
    """Return the picture as a viewer would show it, 8 bit a channel."""
    if image.mode.startswith("I") or image.mode == "F":
        deep = np.asarray(image, dtype=np.float64)
        return Image.fromarray(np.clip(np.rint(deep / 257), 0, 255).astype(np.uint8)).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        layer = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
    return image.convert("RGB")


def _read_clip(path: Path, container: Container, max_frames: int | None) -> Media:
    if is_cut_off(path, container):
        raise MediaError(f"{path}: is truncated; get a sound copy of the file")
    demuxer = "mov" if container is Container.MP4 else "matroska"
    try:
        with av.open(str(path), format=demuxer, options={"protocol_whitelist": "file"}) as file:
            if not file.streams.video:
                raise MediaError(f"{path}: has no video track; give a file with moving pictures")
            stream = file.streams.video[0]
            _check_area(path, stream.codec_context.width, stream.codec_context.height)
            rate = stream.average_rate or stream.guessed_rate
            frames = list(itertools.islice(_decode(path, file.decode(stream)), max_frames))
    except av.error.FFmpegError as error:
        raise MediaError(f"{path}: is damaged or truncated ({error.strerror}); get a sound copy of the file") from error
    if not frames:
        raise MediaError(f"{path}: has no frame that can be decoded; get a sound copy of the file")
    if not rate:
        raise MediaError(f"{path}: states no frame rate; convert it to MP4 with a constant rate")
    return Media(np.stack(frames), float(rate))


def _decode(path: Path, decoded: Iterator[av.VideoFrame]) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield upright RGB frames of one size, and stop a clip that would fill the memory."""
    shape, room = None, MOST_CLIP_BYTES
    for frame in decoded:
        picture = np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90)
        shape = shape or picture.shape
        room -= picture.nbytes
        if picture.shape != shape:
            raise MediaError(
                f"{path}: changes its size from {shape[:2]} to {picture.shape[:2]}; convert it to one size"
            )
        if room < 0:
            raise MediaError(
                f"{path}: decodes to more than {MOST_CLIP_BYTES >> 30} GiB; pass max_frames or cut the clip"
            )
        yield picture


def _check_area(path: Path, width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise MediaError(
            f"{path}: has {width} × {height} pixels; at most {MOST_PIXELS} are decoded; scale it down first"
        )
