"""Finish the graphic styles, which know a few flat colours only: flat vector pictures and pixel art."""

from __future__ import annotations

import cv2
import numpy as np

from generator.avatars.colours import encoded
from generator.avatars.materials import (
    BACKGROUND, BEARD, BROWS, HAIR, HAND, LASHES, LEFT_EYE, LEFT_IRIS, LIPS, MATERIALS, MOUTH, RIGHT_EYE, RIGHT_IRIS,
    SKIN, TEETH, TONGUE,
)  # fmt: skip
from generator.face.face_params import Floats
from generator.face.raster import Ints

from .frame import Frame

_SHADED = len(MATERIALS)
_PUPIL = 2 * _SHADED


def _areas(frame: Frame) -> tuple[Ints, Floats]:
    """Return the number of each pixel's area (H, W), and the areas' sRGB colours in [0, 1].

    Areas are the materials, lit and in shade, and the pupils.
    """
    material = frame.surface.material.astype(np.int32)
    merged = np.arange(_SHADED)
    merged[RIGHT_EYE], merged[RIGHT_IRIS], merged[BEARD] = LEFT_EYE, LEFT_IRIS, HAIR
    area = merged[material]
    shade = frame.shaded.diffuse[..., 1] < 0.80
    plain = np.isin(area, (SKIN, HAIR, HAND)) | (area >= HAIR + 4)
    albedo = frame.surface.albedo
    dark = (area == LEFT_IRIS) & (albedo.max(-1) < 0.02)
    area = np.where(shade & plain, area + _SHADED, area)
    area = np.where(dark, _PUPIL, area)
    colours = np.zeros((_PUPIL + 1, 3), np.float32)
    for number in np.unique(area):
        chosen = albedo[area == number]
        base = np.median(chosen, 0) if len(chosen) else np.zeros(3)
        if number == LEFT_IRIS:
            base = np.quantile(chosen, 0.7, axis=0)
        colours[number] = encoded(np.asarray(base, np.float32))
    for number in range(_SHADED):
        lit, shaded = colours[number], colours[number + _SHADED]
        if lit.any() or shaded.any():
            value = lit if lit.any() else shaded
            colours[number + _SHADED] = value * np.array([0.84, 0.78, 0.82], np.float32)
    colours[LIPS] = 0.75 * colours[LIPS] + 0.25 * colours[SKIN]
    colours[TEETH], colours[MOUTH], colours[TONGUE] = (0.97, 0.97, 0.96), (0.42, 0.12, 0.15), (0.86, 0.42, 0.44)
    colours[_PUPIL] = (0.08, 0.07, 0.09)
    colours[LASHES] = np.minimum(colours[LASHES], 0.14)
    return area.astype(np.int32), np.clip(colours * min(1.1, 0.75 + 0.25 * frame.exposure), 0, 1)


def _rounded(area: Ints, sigma: float) -> Ints:
    """Round the borders of areas: each pixel takes the area that is nearest on average."""
    best, winner = np.full(area.shape, -1.0, np.float32), area.copy()
    small = {LEFT_EYE: 0.45, LEFT_IRIS: 0.45, _PUPIL: 0.45, LIPS: 0.6, LASHES: 0.5, BROWS: 0.6, TEETH: 0.6, MOUTH: 0.5}
    for number in np.unique(area):
        reach = sigma * small.get(int(number), 1.0)
        share = cv2.GaussianBlur((area == number).astype(np.float32), (0, 0), max(0.4, reach))
        if number in (LASHES, BROWS):
            share = share * 1.25
        better = share > best
        best[better], winner[better] = share[better], number
    return winner.astype(np.int32)


def flat(frame: Frame) -> Floats:
    """Return a flat vector picture: few even colours with round borders, and one shade."""
    area, colours = _areas(frame)
    rounded = _rounded(area, 3.0 * frame.sampled / 512)
    picture = colours[rounded]
    tint = frame.background.reshape(-1, 3).mean(0)
    level = tint * 0.45 + 0.5
    behind = np.broadcast_to(level, picture.shape).astype(np.float32).copy()
    size = frame.sampled
    cv2.circle(behind, (size // 2, int(size * 0.52)), int(size * 0.44), (level * 0.86).tolist(), -1, cv2.LINE_AA)
    picture[rounded == BACKGROUND] = behind[rounded == BACKGROUND]
    return np.asarray(cv2.resize(picture, (frame.size, frame.size), interpolation=cv2.INTER_AREA), np.float32)


def pixel(frame: Frame) -> Floats:
    """Return pixel art: about 64 large pixels a side, a small palette, dark outlines."""
    area, colours = _areas(frame)
    size = frame.sampled
    step = max(1, round(frame.size / 64)) * (size // frame.size)
    count = -(-size // step)
    padded = np.pad(area, ((0, count * step - size),) * 2, mode="edge")
    blocks = padded.reshape(count, step, count, step).transpose(0, 2, 1, 3).reshape(count, count, -1)
    favoured = np.ones(_PUPIL + 1, np.float32)
    favoured[[LASHES, BROWS, _PUPIL]] = 1.7
    favoured[[LEFT_EYE, TEETH, LEFT_IRIS, MOUTH, LIPS]] = 1.3
    best, chosen = np.zeros((count, count), np.float32), np.zeros((count, count), np.int32)
    for number in np.unique(area):
        votes = (blocks == number).mean(-1) * favoured[number]
        better = votes > best
        best[better], chosen[better] = votes[better], number
    picture = colours[chosen]
    behind = cv2.resize(frame.background, (count, count), interpolation=cv2.INTER_AREA)
    levels = np.array([[0, 2], [3, 1]], np.float32) / 4 - 0.375
    threshold = np.tile(levels, (count // 2 + 1, count // 2 + 1))[:count, :count, None]
    behind = np.round(behind * 5 + threshold * 0.9) / 5
    empty = chosen == BACKGROUND
    picture[empty] = behind[empty]
    solid = (~empty).astype(np.uint8)
    inner = cv2.erode(solid, np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8), borderValue=1)
    picture[(solid > 0) & (inner == 0)] *= 0.42
    large = np.repeat(np.repeat(picture, step, 0), step, 1)[:size, :size]
    ratio = size // frame.size
    return np.asarray(large[ratio // 2 :: ratio, ratio // 2 :: ratio], np.float32)
