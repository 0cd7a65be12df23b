"""Apply the perturbations of DeeperForensics-1.0 (Jiang et al., CVPR 2020) exactly as its published code does.

That code departs from the paper's text in ways that change results. Each type is therefore named here after what it
does, with the published name as an alias:

- `pixelation` is what the paper calls JPEG compression (`JPEG`): frames are scaled down and up again, and no JPEG coder
  is used;
- `darkening` is what it calls a change of colour contrast (`CC`): pixels are multiplied, not spread about their mean;
- `grey-blocks` (`BW`) draws ⌊short side / 256⌋ times as many blocks as the level specifies, so none at all under 256
  pixels, and never reaches the last row and column;
- `ycbcr-noise` (`GNC`) is white in YCbCr of video range and thus neither white nor equally strong in R, G and B;
- values are truncated and not rounded, so that even grey loses up to one level.

The published script encodes the changed frames once more with the coder of the input. This step is left out here, so
that only the named change is measured. `H264` (`VC`) needs no such step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from .distortion import Distortion, Frames, Rng, each
from .video import H264, h264

PREFIX = "deeperforensics1:"
_BLOCK = 8
_GREY = 128
_LUMA_SPAN, _CHROMA_SPAN, _FOOT = 219, 224, 16
"""Video range after ITU-R BT.601: Y in 16…235, Cb and Cr in 16…240."""

Recipe = tuple[tuple[Distortion, int], ...]


def saturation(frames: Frames, factor: float, rng: Rng) -> Frames:
    """Scale Cb and Cr of video range towards one half (`CS`); factor 0 leaves grey.

    Args:
        frames: (T, H, W, 3) uint8 RGB.
        factor: Remaining share of the chroma, 0–1.
        rng: Unused.
    """

    def pale(frame: Frames) -> Frames:
        ycrcb = _to_video_range(frame)
        ycrcb[..., 1:] = 0.5 + (ycrcb[..., 1:] - 0.5) * factor
        return _from_video_range(ycrcb).astype(np.uint8)

    return each(frames, pale)


def darkening(frames: Frames, factor: float, rng: Rng) -> Frames:
    """Multiply every pixel and truncate the result (`CC`).

    Args:
        frames: (T, H, W, 3) uint8 RGB.
        factor: Factor of the pixel values, 0–1.
        rng: Unused.
    """
    return (frames.astype(np.float32) * factor).astype(np.uint8)


def grey_blocks(frames: Frames, count: float, rng: Rng) -> Frames:
    """Draw blocks of 8 × 8 pixels of grey 128 at random places, new in every frame (`BW`).

    Args:
        frames: (T, H, W, 3) uint8 RGB.
        count: Number of blocks for every whole 256 pixels of the short side.
        rng: Random generator of the corners.
    """
    height, width = frames.shape[1:3]
    number = min(height, width) // 256 * int(count)
    limits = np.array([max(width - _BLOCK, 1), max(height - _BLOCK, 1)])
    return each(frames, lambda frame: put_blocks(frame, rng.integers(limits, size=(number, 2))))


def put_blocks(frame: Frames, corners: NDArray[np.int64]) -> Frames:
    """Draw the blocks of `BW` at given places.

    Args:
        frame: (H, W, 3) uint8 RGB.
        corners: (N, 2) left and top of each block.
    """
    changed = frame.copy()
    for left, top in corners:
        changed[top : top + _BLOCK, left : left + _BLOCK] = _GREY
    return changed


def ycbcr_noise(frames: Frames, variance: float, rng: Rng) -> Frames:
    """Add white noise to Y, Cb and Cr of video range, convert back, clip and truncate (`GNC`).

    Before clipping, at variance .001 to .05, the noise of R has a standard deviation of 15.9 to 112.7 grey levels, that
    of G 11.9 to 83.7, that of B 18.8 to 132.7.

    Args:
        frames: (T, H, W, 3) uint8 RGB.
        variance: Variance of the noise, where 255 video-range steps are 1.
        rng: Random generator of the noise.
    """
    return each(frames, lambda frame: put_noise(frame, variance, rng.standard_normal(frame.shape)))


def put_noise(frame: Frames, variance: float, normals: NDArray[np.float64]) -> Frames:
    """Add the noise of `GNC` from given draws.

    Args:
        frame: (H, W, 3) uint8 RGB.
        variance: Variance of the noise, where 255 video-range steps are 1.
        normals: (H, W, 3) standard normal draws for Y, Cb and Cr.
    """
    return np.clip(noise_unclipped(frame, variance, normals), 0, 255).astype(np.uint8)


def noise_unclipped(frame: Frames, variance: float, normals: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return what `put_noise` clips: (H, W, 3) RGB in grey levels."""
    shifted = _to_video_range(frame) / 255 + math.sqrt(variance) * normals[..., (0, 2, 1)]
    return _from_video_range((shifted * 255).astype(np.float32))


def gaussian_blur(frames: Frames, kernel: float, rng: Rng) -> Frames:
    """Blur by a square kernel with a standard deviation of a sixth of its side (`GB`).

    Args:
        frames: (T, H, W, 3) uint8 RGB.
        kernel: Side of the kernel in pixels, odd.
        rng: Unused.
    """
    side = int(kernel)
    return each(frames, lambda frame: cv2.GaussianBlur(frame, (side, side), side / 6))


def pixelation(frames: Frames, factor: float, rng: Rng) -> Frames:
    """Scale to an integer fraction of the size and back, both bilinear (`JPEG`); no JPEG is involved.

    Args:
        frames: (T, H, W, 3) uint8 RGB.
        factor: Factor by which the frames are smaller in between; fractions of a pixel are dropped.
        rng: Unused.
    """
    height, width = frames.shape[1:3]
    small = max(1, width // int(factor)), max(1, height // int(factor))
    return each(frames, lambda frame: cv2.resize(cv2.resize(frame, small), (width, height)))


TYPES = (
    Distortion(
        PREFIX + "saturation", "chroma × {:g}", (0.4, 0.3, 0.2, 0.1, 0.0), saturation, aliases=(PREFIX + "CS",)
    ),
    Distortion(
        PREFIX + "darkening", "pixels × {:g}", (0.85, 0.725, 0.6, 0.475, 0.35), darkening,
        aliases=(PREFIX + "CC",), note="published as CC, colour contrast; it multiplies and so darkens",
    ),
    Distortion(
        PREFIX + "grey-blocks", "{:g} blocks per 256 px", (16, 32, 48, 64, 80), grey_blocks,
        aliases=(PREFIX + "BW",), note="published as BW; it does nothing where the short side is under 256 px",
    ),
    Distortion(
        PREFIX + "ycbcr-noise", "variance {:g}", (0.001, 0.002, 0.005, 0.01, 0.05), ycbcr_noise,
        aliases=(PREFIX + "GNC",), note="published as GNC, white noise; white in YCbCr, not in RGB",
    ),
    Distortion(
        PREFIX + "gaussian-blur", "kernel {:g} px", (7, 9, 13, 17, 21), gaussian_blur, aliases=(PREFIX + "GB",)
    ),
    Distortion(
        PREFIX + "pixelation", "1/{:g} and back", (2, 3, 4, 5, 6), pixelation,
        aliases=(PREFIX + "JPEG",), note="published as JPEG, JPEG compression; it is down- and upscaling, with no JPEG",
    ),
    Distortion(
        PREFIX + "h264", "crf {:g}", (30, 32, 35, 38, 40), h264,
        temporal=True, encoder=H264, aliases=(PREFIX + "VC",),
    ),
)  # fmt: skip
"""The seven types at five levels, in the order of the published code: CS, CC, BW, GNC, GB, JPEG, VC."""


def draw(count: int, rng: Rng) -> Recipe:
    """Draw different types, each at its own level, uniformly; they are applied in the order drawn.

    Args:
        count: Number of types: 1 for the published `random`, 2 to 4 for its mixed variants.
        rng: Random generator of the draw.
    """
    chosen = rng.choice(len(TYPES), size=count, replace=False)
    return tuple((TYPES[index], int(rng.integers(1, 6))) for index in chosen)


def describe(recipe: Recipe) -> str:
    """Format a recipe as the published meta file does: `CS:3 GB:1`."""
    return " ".join(f"{step.aliases[0].removeprefix(PREFIX)}:{severity}" for step, severity in recipe)


def meta_line(path: str, recipe: Recipe) -> str:
    """Return a line of the published meta file: the path of the changed clip, then its distortions in order.

    Args:
        path: Path without blanks, which the format cannot represent.
        recipe: The applied distortions.
    """
    return f"{path} {describe(recipe)}"


def mixed(frames: Frames, count: float, rng: Rng) -> Frames:
    """Apply several randomly drawn types.

    Args:
        frames: (T, H, W, 3) uint8 RGB.
        count: Number of different types.
        rng: Random generator of the types, and then of the types' own draws.
    """
    return apply(frames, draw(int(count), rng), rng)


def apply(frames: Frames, recipe: Sequence[tuple[Distortion, int]], rng: Rng) -> Frames:
    """Apply a recipe in order.

    Args:
        frames: (T, H, W, 3) uint8 RGB.
        recipe: The distortions to apply.
        rng: Random generator for the types that need one.
    """
    for step, severity in recipe:
        frames = step.change(frames, step.level(severity), rng)
    return frames


def _told(count: float, rng: Rng) -> str:
    return describe(draw(int(count), rng))


RANDOM = Distortion(
    PREFIX + "random", "one type at one level, drawn for every clip", (1,), mixed,
    temporal=True, encoder=H264, recipe=_told,
)  # fmt: skip
MIXED = Distortion(
    PREFIX + "mixed", "{:g} types at one level each, drawn for every clip", (2, 3, 4), mixed,
    temporal=True, encoder=H264, recipe=_told,
)  # fmt: skip


def _to_video_range(frame: Frames) -> NDArray[np.float32]:
    """Convert RGB (H, W, 3) to Y, Cr, Cb of video range, in grey levels over 255 as the published code does.

    The chroma is centred on one half and not on 128: this is OpenCV's constant for floats, kept because the published
    code used it. OpenCV rounds its conversion from BGR in another order than that from RGB, so BGR is used here to
    match every bit.
    """
    ycrcb = np.asarray(cv2.cvtColor(frame[..., ::-1].astype(np.float32), cv2.COLOR_BGR2YCR_CB), dtype=np.float32)
    ycrcb[..., 0] = (ycrcb[..., 0] * _LUMA_SPAN + _FOOT) / 255.0
    ycrcb[..., 1:] = (ycrcb[..., 1:] * _CHROMA_SPAN + _FOOT) / 255.0
    return ycrcb


def _from_video_range(ycrcb: NDArray[np.float32]) -> NDArray[np.float32]:
    full = ycrcb.astype(np.float32)
    full[..., 0] = (full[..., 0] * 255.0 - _FOOT) / _LUMA_SPAN
    full[..., 1:] = (full[..., 1:] * 255.0 - _FOOT) / _CHROMA_SPAN
    return np.asarray(cv2.cvtColor(full, cv2.COLOR_YCR_CB2BGR), dtype=np.float32)[..., ::-1]
