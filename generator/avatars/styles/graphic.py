"""Finish the graphic styles, which know a few flat colours only: flat vector pictures and pixel art."""

from __future__ import annotations

import cv2
import numpy as np

from generator.avatars.colours import encoded
from generator.avatars.materials import (
    BACKGROUND,
    BEARD,
    BROWS,
    CLOTHES,
    GLASSES,
    HAIR,
    HAND,
    JEWELLERY,
    LASHES,
    LEFT_EYE,
    LEFT_IRIS,
    LIPS,
    MATERIALS,
    MOUTH,
    RIGHT_EYE,
    RIGHT_IRIS,
    SKIN,
    TEETH,
    TONGUE,
)  # fmt: skip
from generator.face.face_params import Floats
from generator.face.raster import Ints

from .frame import Frame

_SHADED = len(MATERIALS)
_PUPIL = 2 * _SHADED
_REACH = {
    LEFT_EYE: 0.4, LEFT_IRIS: 0.4, _PUPIL: 0.4, LIPS: 0.6, LASHES: 0.4, BROWS: 0.6, TEETH: 0.6, MOUTH: 0.5,
    GLASSES: 0.25, GLASSES + _SHADED: 0.25, JEWELLERY: 0.3, JEWELLERY + _SHADED: 0.3,
}  # fmt: skip
_FAVOUR = {LASHES: 1.3, BROWS: 1.25, GLASSES: 1.5, GLASSES + _SHADED: 1.5, JEWELLERY: 1.5, LEFT_EYE: 1.2}


def present(area: Ints) -> list[int]:
    """Return the numbers that occur, in ascending order."""
    return [int(number) for number in np.flatnonzero(np.bincount(area.ravel(), minlength=_PUPIL + 1))]


def _areas(frame: Frame) -> tuple[Ints, Floats]:
    """Return the number of each pixel's area (H, W), and the areas' sRGB colours in [0, 1].

    Areas are the materials, lit and in shade, and the pupils.
    """
    material = frame.surface.material.astype(np.int32)
    merged = np.arange(_SHADED)
    merged[RIGHT_EYE], merged[RIGHT_IRIS], merged[BEARD] = LEFT_EYE, LEFT_IRIS, HAIR
    area: Ints = merged[material].astype(np.int32)
    shade = frame.shaded.diffuse[..., 1] < 0.80
    plain = np.isin(area, (SKIN, HAIR, HAND, CLOTHES)) | (area > CLOTHES)
    albedo = frame.surface.albedo
    dark = (area == LEFT_IRIS) & (albedo.max(-1) < 0.02)
    area = np.where(shade & plain, area + _SHADED, area).astype(np.int32)
    area = np.where(dark, _PUPIL, area).astype(np.int32)
    colours = np.zeros((_PUPIL + 1, 3), np.float32)
    sparse, sparse_area = albedo[::3, ::3], area[::3, ::3]
    for number in present(area):
        chosen = sparse[sparse_area == number]
        if not len(chosen):
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
    return area, np.clip(colours * min(1.1, 0.75 + 0.25 * frame.exposure), 0, 1)


def _rounded(area: Ints, sigma: float) -> Ints:
    """Round the borders of areas: each pixel takes the area that is nearest on average."""
    best, winner = np.zeros(area.shape, np.float32), area.copy()
    for number in present(area):
        reach = sigma * _REACH.get(int(number), 1.0)
        inside = area == number
        rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
        margin = int(3 * reach) + 1
        box = (
            slice(max(0, rows[0] - margin), rows[-1] + margin + 1),
            slice(max(0, columns[0] - margin), columns[-1] + margin + 1),
        )
        share = cv2.GaussianBlur(inside[box].astype(np.float32), (0, 0), max(0.4, reach))
        share *= _FAVOUR.get(int(number), 1.0)
        better = share > best[box]
        np.copyto(best[box], share, where=better)
        winner[box][better] = number
    return winner.astype(np.int32)


def _stage(frame: Frame) -> Floats:
    """Return a clear, light colour (3,) after the background's hue."""
    tint = np.random.default_rng(frame.seed).choice(frame.background.reshape(-1, 3), 1)
    hue = cv2.cvtColor(np.ascontiguousarray(tint[None], np.float32), cv2.COLOR_RGB2HSV)
    hue[..., 1], hue[..., 2] = np.clip(hue[..., 1] * 1.2, 0.2, 0.42), 0.92
    return np.asarray(cv2.cvtColor(hue, cv2.COLOR_HSV2RGB)[0, 0], np.float32)


def flat(frame: Frame) -> Floats:
    """Return a flat vector picture: few even colours with round borders, and one shade."""
    area, colours = _areas(frame)
    rounded = _rounded(area, 3.0 * frame.sampled / 512)
    picture = colours[rounded]
    level = _stage(frame)
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
    favoured[[LASHES, BROWS, _PUPIL, GLASSES, GLASSES + _SHADED]] = 1.8
    favoured[[LEFT_EYE, TEETH, LEFT_IRIS, MOUTH, LIPS]] = 1.3
    best, chosen = np.zeros((count, count), np.float32), np.zeros((count, count), np.int32)
    for number in present(area):
        votes = (blocks == number).mean(-1) * favoured[number]
        better = votes > best
        best[better], chosen[better] = votes[better], number
    picture = colours[chosen]
    behind = cv2.resize(frame.background, (count, count), interpolation=cv2.INTER_AREA)
    levels = np.array([[0, 2], [3, 1]], np.float32) / 4 - 0.375
    threshold = np.tile(levels, (count // 2 + 1, count // 2 + 1))[:count, :count, None]
    behind = np.round(behind * 14 + threshold * 0.7) / 14
    empty = chosen == BACKGROUND
    picture[empty] = behind[empty]
    solid = (~empty).astype(np.uint8)
    inner = cv2.erode(solid, np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8), borderValue=1)
    picture[(solid > 0) & (inner == 0)] *= 0.42
    large = np.repeat(np.repeat(picture, step, 0), step, 1)[:size, :size]
    ratio = size // frame.size
    return np.asarray(large[ratio // 2 :: ratio, ratio // 2 :: ratio], np.float32)
