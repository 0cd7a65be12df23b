"""Read stills and clips into uint8 RGB frames."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, TiffImagePlugin, UnidentifiedImageError

from watermark.errors import MediaError

from .animations import is_moving
from .clip_reading import open_clip
from .colour import is_transparent, opacity, to_srgb
from .containers import Container, check_decodable, sniff
from .frames import MOST_PIXELS, check_area
from .still_formats import still_formats

_LOG = logging.getLogger(__name__)

MOST_CLIP_BYTES = 4 << 30

_TIFF_UNCOMPRESSED, _TIFF_YCBCR = 1, 6


@dataclass(frozen=True, slots=True, eq=False)
class Media:
    """A decoded still or clip.

    Attributes:
        frames: uint8 RGB, `(T, H, W, 3)`; a still has one frame.
        fps: Frames per second, or None for a still; assumed where `timed` is false.
        variable_rate: Whether the clip's frames were not evenly spaced and were resampled to `fps`.
        flattened: Whether the file has transparency; its frames were then composited over white.
        alpha: (H, W) uint8, how opaque each pixel of a transparent still is; None for others.
        timed: Whether the clip's time stamps tell its rate; without one, a clip can be read but not written.
    """

    frames: npt.NDArray[np.uint8]
    fps: float | None
    variable_rate: bool = False
    flattened: bool = False
    timed: bool = True
    alpha: npt.NDArray[np.uint8] | None = None

    def __str__(self) -> str:
        """Return a short description of what was decoded."""
        size = f"{self.width} × {self.height} pixels"
        if self.fps is None:
            return f"a still of {size}"
        rate = f"at {self.fps:g} a second" if self.timed else "at no stated rate"
        return f"a clip of {len(self.frames)} frames, {size}, {rate}"

    @property
    def width(self) -> int:
        """Return the width in pixels."""
        return int(self.frames.shape[2])

    @property
    def height(self) -> int:
        """Return the height in pixels."""
        return int(self.frames.shape[1])


def read_media(path: Path, *, max_frames: int | None = None) -> Media:
    """Decode a still or a clip as a viewer displays it.

    Stills are PNG, JPEG, WebP, GIF, AVIF, TIFF and, with the extra `heic`, HEIC. Clips are MP4, MOV, Matroska, WebM and
    animated GIF or WebP. The content decides which format it is.

    Orientation tags and colour profiles are applied, and transparency is composited over white. Grey, palette, CMYK and
    16-bit pictures are converted to 8-bit sRGB. Sound is ignored; frames that are not evenly spaced are resampled.

    Args:
        path: The file.
        max_frames: Maximum number of frames to read.

    Raises:
        MediaError: The file is missing, of another kind, damaged, truncated, an animated PNG or AVIF, or too large
            to decode safely.
    """
    container = sniff(path)
    check_decodable(path, container)
    if is_moving(path, container):
        return _read_clip(path, max_frames)
    return _read_still(path, container)


def _read_still(path: Path, container: Container) -> Media:
    try:
        with _strict_tiff(), Image.open(path, formats=still_formats(container)) as image:
            check_area(path, *image.size)
            _refuse_raw_ycbcr(path, image)
            _refuse_several(path, image)
            image.load()
            picture = np.asarray(_rgb(path, ImageOps.exif_transpose(image)), dtype=np.uint8)
            alpha = opacity(ImageOps.exif_transpose(image)) if is_transparent(image) else None
            media = Media(picture[None], None, flattened=is_transparent(image), alpha=alpha)
        _LOG.debug("decoded %s: %s, %s", path, container.name, media)
        return media
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise MediaError(f"{path}: has more than {MOST_PIXELS} pixels; scale it down first") from None
    except UnidentifiedImageError as error:
        raise MediaError(
            f"{path}: is damaged or truncated, or a kind of {container.name} that cannot be decoded; "
            "get a sound copy, or save it as 8-bit PNG"
        ) from error
    except (MediaError, MemoryError):
        raise
    except Exception as error:  # decoders raise any error for a damaged file
        raise MediaError(f"{path}: is damaged or truncated ({error}); get a sound copy of the file") from error


def _refuse_raw_ycbcr(path: Path, image: Image.Image) -> None:
    """Refuse YCbCr samples without compression, which the decoder mistakes for RGB or for a truncated file."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return
    tags = image.tag_v2
    is_ycbcr = tags.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == _TIFF_YCBCR
    if is_ycbcr and tags.get(TiffImagePlugin.COMPRESSION, _TIFF_UNCOMPRESSED) == _TIFF_UNCOMPRESSED:
        raise MediaError(
            f"{path}: is an uncompressed YCbCr TIFF, which this program cannot decode; save it as RGB TIFF or PNG"
        )


def _refuse_several(path: Path, image: Image.Image) -> None:
    if image.format == "TIFF":  # counting the pages would read all of them
        try:
            image.seek(1)
        except EOFError:
            return
        raise MediaError(f"{path}: has several pages; save the one you mean as a file of its own")
    # A photo may have a second view for other displays, and a HEIC file further pictures beside its primary one.
    if getattr(image, "n_frames", 1) > 1 and image.format not in ("MPO", "HEIF"):
        raise MediaError(f"{path}: is an animated {image.format}, which is not read; convert it to MP4")


@contextmanager
def _strict_tiff() -> Iterator[None]:
    """Raise an error where the decoder only warns about a truncated TIFF."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Truncated File Read", category=UserWarning)
        yield


def _rgb(path: Path, image: Image.Image) -> Image.Image:
    """Return the picture as a viewer displays it, with 8 bits per channel in sRGB."""
    if image.mode in ("I", "F"):
        raise MediaError(f"{path}: has samples of 32 bits, whose white is not stated; save it with 8 or 16 bits")
    return to_srgb(image)


def _read_clip(path: Path, max_frames: int | None) -> Media:
    clip = open_clip(path)
    count = clip.frame_count if max_frames is None else min(max_frames, clip.frame_count)
    if count * clip.frame_bytes > MOST_CLIP_BYTES:
        raise MediaError(
            f"{path}: decodes to more than {MOST_CLIP_BYTES >> 30} GiB; pass max_frames, cut the clip, "
            "or read it in pieces with open_clip"
        )
    return Media(clip.first(count), float(clip.fps), clip.variable_rate, clip.flattened, clip.timed)
