"""Finish the lit styles: real, cartoon, clay, low-poly and paint."""

from __future__ import annotations

import cv2
import numpy as np

from generator.avatars.colours import GAMMA
from generator.avatars.materials import BROWS, GLASSES, HAIR, LASHES, LEFT_EYE, LIPS, MOUTH, RIGHT_IRIS, SKIN, TEETH
from generator.face.face_params import Floats

from .frame import Frame, film, foreground, scattered, smaller, softened_hair, vignette


def _light(frame: Frame, scatter: float, albedo: Floats | None = None) -> Floats:
    """Return linear light at the sampled size, with the background behind."""
    diffuse = scattered(frame, scatter) if scatter else frame.shaded.diffuse
    colours = frame.surface.albedo if albedo is None else albedo
    lit = np.minimum((colours * diffuse + frame.shaded.highlight) * np.float32(frame.exposure), 1.6)
    behind = frame.enlarged_background(light=True) * np.float32(1.25 * min(frame.exposure, 1.2))
    front = foreground(frame)
    return np.asarray(lit * front + behind * (1 - front), np.float32)


def real(frame: Frame) -> Floats:
    """Return a photograph-like picture: light spreads below the skin, strands end softly, a little grain."""
    light = softened_hair(frame, _light(frame, 1.0))
    picture = film(smaller(light, frame.size))
    grain = np.random.default_rng(frame.seed).normal(0, 0.007, picture.shape).astype(np.float32)
    return np.asarray(picture * (1 - 0.10 * vignette(frame.size)) + grain, np.float32)


def cartoon(frame: Frame) -> Floats:
    """Return a picture like a frame of an animated film."""
    return film(smaller(softened_hair(frame, _light(frame, 1.1), 0.7), frame.size))


def clay(frame: Frame) -> Floats:
    """Return a picture of a modelled figure: each part has one colour, and the stage is plain."""
    material, albedo = frame.surface.material, frame.surface.albedo.copy()
    skin = (material == SKIN) | (material == LIPS) | (material == BROWS)
    if skin.any():
        even = np.median(albedo[material == SKIN], 0) if (material == SKIN).any() else albedo[skin].mean(0)
        value = albedo[skin].mean(1) / max(float(even.mean()), 1e-3)
        albedo[skin] = even * np.clip(value, 0.3, 1.05)[:, None] ** 0.6 * np.array([1.10, 0.98, 0.86], np.float32)
    albedo[material == HAIR] = frame.hair
    tint = frame.background.mean((0, 1))
    rows = np.linspace(0, 1, frame.size, dtype=np.float32)[:, None, None]
    stage = np.broadcast_to((0.5 * tint + 0.35) * (1.05 - 0.35 * rows**2), frame.background.shape)
    light = _light(frame, 0.9, albedo) * foreground(frame)
    linear_stage = (stage**GAMMA * 1.2).astype(np.float32)
    behind = cv2.resize(linear_stage, (frame.sampled, frame.sampled))
    return film(smaller(light + behind * (1 - foreground(frame)), frame.size))


def lowpoly(frame: Frame) -> Floats:
    """Return a picture of flat facets."""
    return film(smaller(_light(frame, 0.0), frame.size))


def _regions(picture: Floats, reach: int) -> Floats:
    """Smooth within regions and keep their borders (Kuwahara filter with soft weights; Papari et al., 2007)."""
    value = picture.mean(-1)
    total, weights = np.zeros_like(picture), np.zeros_like(value)
    window = (reach + 1, reach + 1)
    for anchor in ((0, 0), (reach, 0), (0, reach), (reach, reach)):
        mean = cv2.boxFilter(picture, -1, window, anchor=anchor)
        level = cv2.boxFilter(value, -1, window, anchor=anchor)
        spread = cv2.boxFilter(value * value, -1, window, anchor=anchor) - level * level
        weight = 1 / (1e-5 + np.maximum(spread, 0)) ** 2
        total += mean * weight[..., None]
        weights += weight
    return np.asarray(total / weights[..., None], np.float32)


def paint(frame: Frame) -> Floats:
    """Return a picture in oil: patches of one colour, bristles along edges, finer round eyes and mouth."""
    rng = np.random.default_rng(frame.seed)
    size = max(frame.size, min(frame.sampled, round(frame.size * 1.5)))
    picture = film(smaller(_light(frame, 1.2), size))
    picture = np.clip((picture - 0.5) * 1.08 + 0.5, 0, 1).astype(np.float32)
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)
    patches = cv2.resize(
        rng.normal(size=(size // 10, size // 10)).astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC
    )
    hsv[..., 1] = np.clip(hsv[..., 1] * (1.22 + 0.06 * patches), 0, 1)
    hsv[..., 2] = np.clip(hsv[..., 2] * (1 + 0.04 * patches), 0, 1)
    picture = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    material = frame.surface.material
    detail = np.isin(material, (LIPS, BROWS, MOUTH, LASHES, TEETH, GLASSES, *range(LEFT_EYE, RIGHT_IRIS + 1)))
    fine_share = smaller(detail.astype(np.float32), size)
    sigma = 0.05 * frame.pixels_per_unit * size / frame.sampled
    fine_share = np.clip(cv2.GaussianBlur(fine_share, (0, 0), max(0.5, sigma)) * 4, 0, 1)[..., None] * 0.85
    reach = max(2, round(size / 76))
    broad = _regions(_regions(picture, reach), max(2, reach // 2))
    picture = broad * (1 - fine_share) + _regions(picture, 2) * fine_share
    return smaller(_bristles(rng, np.asarray(picture, np.float32), frame), frame.size)


def _bristles(rng: np.random.Generator, picture: Floats, frame: Frame) -> Floats:
    """Draw the traces of a brush along edges: noise that is smeared in their direction."""
    size = len(picture)
    grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (0, 0), max(1.0, size / 110))
    angle = np.arctan2(cv2.Sobel(grey, cv2.CV_32F, 0, 1), cv2.Sobel(grey, cv2.CV_32F, 1, 0)) + np.pi / 2
    cosine, sine = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
    grain = rng.normal(size=(size, size)).astype(np.float32)
    rows, columns = np.mgrid[0:size, 0:size].astype(np.float32)
    total = np.zeros_like(grain)
    for step in range(-6, 7, 2):
        total += cv2.remap(
            grain, columns + step * cosine, rows + step * sine, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        )
    return np.asarray(np.clip(picture * (1 + 0.026 * total[..., None]), 0, 1), np.float32)
