"""Convert decoded pictures to what a viewer shows: 8-bit sRGB, by the colour profile, over white.

The order is the same for every mode: palettes become colours, transparency is set apart, the colour profile is applied
once to the colours, and only then they are composited over white.
"""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

_SPACES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}
_SAME = 2
"""Levels of 255 by which a profile that describes sRGB itself moves a colour, at most, through rounding."""

_STEPS = np.linspace(0, 255, 9).astype(np.uint8)
_LATTICE = np.stack(np.meshgrid(_STEPS, _STEPS, _STEPS, indexing="ij"), axis=-1).reshape(27, 27, 3)


def to_srgb(image: Image.Image) -> Image.Image:
    """Return a picture of up to 16 bits a channel as 8-bit sRGB, composited over white.

    Args:
        image: A decoded picture of any mode but those with samples of 32 bits; its `info` tells profile and
            transparency.
    """
    colours, alpha = _parted(image)
    profile = image.info.get("icc_profile")
    shown = converted(colours, profile) if profile else colours.convert("RGB")
    if alpha is None:
        return shown
    shown.putalpha(alpha)
    return Image.alpha_composite(Image.new("RGBA", shown.size, "white"), shown).convert("RGB")


def parted_from_white(pixels: npt.NDArray[np.uint8], alpha: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return RGBA pixels that look like the given ones over white, as far as colours from 0 to 255 can.

    Clear pixels are white, so that a viewer without transparency shows the same.

    Args:
        pixels: uint8 RGB, `(..., H, W, 3)`, composited over white.
        alpha: uint8, `(..., H, W)`, how opaque each pixel is.
    """
    share = alpha[..., None].astype(np.float32) / 255
    colours = 255 + (pixels.astype(np.float32) - 255) / np.maximum(share, 1 / 255)
    colours = np.where(share > 0, np.clip(np.rint(colours), 0, 255), 255)
    return np.concatenate([colours.astype(np.uint8), alpha[..., None]], -1)


def is_transparent(image: Image.Image) -> bool:
    """Return whether a picture tells how transparent its pixels are."""
    return image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info


def opacity(image: Image.Image) -> npt.NDArray[np.uint8] | None:
    """Return how opaque each pixel of a picture is, uint8 `(H, W)`; None where all are opaque."""
    alpha = _parted(image)[1]
    found = None if alpha is None else np.asarray(alpha, np.uint8)
    return None if found is None or found.min() == 255 else found


def converted(image: Image.Image, profile: bytes) -> Image.Image:
    """Return a picture in sRGB; a profile that is damaged or of another colour space than the picture counts as sRGB.

    Args:
        image: Mode RGB, L, CMYK or another mode without transparency.
        profile: ICC profile.
    """
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = _SPACES.get(source.profile.xcolor_space)
        if mode == "RGB" and image.mode in ("L", "YCbCr"):
            image = image.convert("RGB")
        if image.mode != mode:
            return image.convert("RGB")
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), image.mode, "RGB")
        if mode == "RGB" and _changes_nothing(transform):
            return image
        return transform.apply(image)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image.convert("RGB")


def profile_name(profile: bytes) -> str | None:
    """Return the description of a colour profile that pixels were converted from, None where it is sRGB or unusable.

    Args:
        profile: ICC profile.
    """
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space == "RGB ":
            transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), "RGB", "RGB")
            if _changes_nothing(transform):
                return None
        return ImageCms.getProfileDescription(source).strip() or "unnamed"
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Return whether a profile describes sRGB; its name proves nothing, so colours from all over the cube are tried."""
    after = np.asarray(transform.apply(Image.fromarray(_LATTICE)), dtype=np.int16)
    return bool(np.abs(after - _LATTICE).max() <= _SAME)


def _parted(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Return the colours of a picture without transparency, and how opaque each pixel is, where the picture tells."""
    if image.mode.startswith("I;16"):
        deep = np.asarray(image).astype(np.uint32)
        levels = Image.fromarray(((deep + 128) // 257).astype(np.uint8))
        clear = image.info.get("transparency")
        return levels, None if clear is None else Image.fromarray(np.where(deep == clear, 0, 255).astype(np.uint8))
    if not is_transparent(image):
        return (image.convert("RGB") if image.mode == "P" else image), None
    grey = image.mode in ("L", "1", "LA", "La")
    layer = image.convert("LA" if grey else "RGBA")
    return layer.convert("L" if grey else "RGB"), layer.getchannel("A")
