"""Hold what a style needs to finish a picture, and what styles share."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from generator.avatars.colours import GAMMA, encoded
from generator.avatars.materials import (
    BACKGROUND,
    BEARD,
    BROWS,
    HAIR,
    HAND,
    LASHES,
    LEFT_EYE,
    LIPS,
    MOUTH,
    RIGHT_IRIS,
    SKIN,
    TEETH,
    TONGUE,
)  # fmt: skip
from generator.avatars.shading import Shaded
from generator.avatars.surface import Surface
from generator.face.face_params import Floats


@dataclass(frozen=True, slots=True)
class Frame:
    """A shaded frame; arrays are (H, W, ...) at the sampled size, a whole multiple of the picture's.

    Attributes:
        surface: Materials, colours and normals.
        shaded: Light.
        depth: z in head space, -6 where nothing is drawn.
        background: (size, size, 3) sRGB in [0, 1], at the picture's size.
        size: Height and width of the picture.
        pixels_per_unit: Sampled pixels in a unit of head space.
        hair: (3,) linear colour of the hair as a whole.
        exposure: Factor of the light.
        gamma: Exponent of the finished picture.
        seed: Of grain, paper and strokes.
    """

    surface: Surface
    shaded: Shaded
    depth: Floats
    background: Floats
    size: int
    pixels_per_unit: float
    hair: Floats
    exposure: float
    gamma: float
    seed: int

    @property
    def sampled(self) -> int:
        """Return the sampled height and width."""
        return int(self.depth.shape[0])

    def enlarged_background(self, light: bool = False) -> Floats:
        """Return the background at the sampled size, as linear light where that is wanted."""
        small = self.background**GAMMA if light else self.background
        return np.asarray(cv2.resize(small, (self.sampled, self.sampled)), np.float32)


def smaller(picture: Floats, size: int) -> Floats:
    """Average samples to pixels."""
    return np.asarray(cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA), np.float32)


def film(light: Floats) -> Floats:
    """Return linear light as values of a picture, with soft highlights (Narkowicz's fit of the ACES curve, 2015)."""
    x = light * np.float32(0.74)
    return encoded((x * (2.51 * x + 0.03)) / (x * (2.43 * x + 0.59) + 0.14))


def scattered(frame: Frame, strength: float) -> Floats:
    """Return the diffuse light after it spread below the skin, red farther than blue."""
    diffuse, material = frame.shaded.diffuse, frame.surface.material
    half = max(1, frame.sampled // 2)
    skin = (material == SKIN) | (material == LIPS) | (material == BROWS) | (material == HAND) | (material == MOUTH)
    mask = smaller(skin.astype(np.float32), half)
    light = smaller(diffuse * skin[..., None], half)
    change = np.empty_like(light)
    for channel, radius in enumerate((0.032, 0.014, 0.008)):
        sigma = max(0.3, radius * strength * frame.pixels_per_unit / 2)
        weight = cv2.GaussianBlur(mask, (0, 0), sigma) + 1e-4
        spread = cv2.GaussianBlur(light[..., channel], (0, 0), sigma) / weight
        change[..., channel] = (spread - light[..., channel] / np.maximum(mask, 1e-3)) * (mask > 0.99)
    full = cv2.resize(change, (frame.sampled, frame.sampled))
    return np.asarray(diffuse + 0.8 * full * skin[..., None], np.float32)


def softened_hair(frame: Frame, picture: Floats, width: float = 0.9) -> Floats:
    """Blur thin hair a little before samples are averaged, so that single strands end softly."""
    material = frame.surface.material
    hair = ((material == HAIR) | (material == BEARD) | (material == LASHES)).astype(np.float32)
    share = np.clip(cv2.GaussianBlur(hair, (0, 0), 1.2) * 1.6, 0, 1)[..., None] * 0.9
    blurred = cv2.GaussianBlur(picture, (0, 0), width)
    return np.asarray(picture * (1 - share) + blurred * share, np.float32)


def outlines(frame: Frame, width: float, inner: bool = True) -> Floats:
    """Return the strength of ink lines where depth, material or direction change, in [0, 1]."""
    material = frame.surface.material
    groups = np.arange(32, dtype=np.float32)
    groups[[LIPS, BROWS]] = SKIN
    groups[LASHES] = groups[LEFT_EYE : RIGHT_IRIS + 1] = LEFT_EYE
    groups[[TEETH, TONGUE]] = MOUTH
    groups[BEARD] = HAIR
    number = groups[material]

    def steps(values: Floats) -> Floats:
        out = np.zeros_like(values)
        out[1:] = np.abs(values[1:] - values[:-1])
        out[:, 1:] = np.maximum(out[:, 1:], np.abs(values[:, 1:] - values[:, :-1]))
        return out

    rise = steps(frame.depth)
    line = ((rise > np.where(material == SKIN, 0.10, 0.16)) | (steps(number) > 0)).astype(np.float32)
    if inner:
        inside = (material == HAIR) & (steps(number) == 0)
        line = np.maximum(np.where(inside, 0.35 * line, line), 0.3 * ((rise > 0.10) & (material == HAIR)))
    line[:2], line[:, :2] = 0, 0
    return np.clip(cv2.GaussianBlur(line, (0, 0), width) * width * 2.0, 0, 1).astype(np.float32)


def vignette(size: int) -> Floats:
    """Return (size, size, 1), 0 in the middle and about 1 in the corners."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size - 0.5
    return ((x * x + y * y) * 2.2)[..., None]


def foreground(frame: Frame) -> Floats:
    """Return 1 where the avatar is, (H, W, 1)."""
    return (frame.surface.material != BACKGROUND).astype(np.float32)[..., None]
