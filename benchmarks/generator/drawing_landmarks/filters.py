"""Change the look of a picture: line art, few colours, other colours, softness, coarse pixels, compression."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


def filtered(picture: Picture, rng: np.random.Generator, *, redraw: bool) -> Picture:
    """Return a picture (H, W, 3) with another look.

    Args:
        picture: uint8 RGB.
        rng: Source of randomness.
        redraw: Whether it may become line art or lose most of its colours, as rendered pictures may.
    """
    if redraw:
        kind = rng.random()
        if kind < 0.10:
            picture = _lines(picture, rng)
        elif kind < 0.22:
            picture = _posterised(picture, rng)
        elif kind < 0.30:
            picture = _inked(picture, rng)
        elif kind < 0.36:
            picture = np.asarray(cv2.medianBlur(picture, int(rng.choice([3, 5]))), np.uint8)
    picture = _coloured(picture, rng)
    kind = rng.random()
    if kind < 0.12:
        picture = _pixels(picture, rng)
    elif kind < 0.30:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.4)), np.uint8)
    elif kind < 0.38:
        noise = rng.normal(0, rng.uniform(2, 14), picture.shape)
        picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.25:
        quality = int(rng.integers(20, 90))
        _, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
        picture = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return picture


def _lines(picture: Picture, rng: np.random.Generator) -> Picture:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine = cv2.GaussianBlur(grey, (0, 0), rng.uniform(0.5, 1.0))
    coarse = cv2.GaussianBlur(grey, (0, 0), rng.uniform(1.4, 2.6))
    ink = np.clip((fine - coarse) * rng.uniform(10, 30) + 255, 0, 255)
    if rng.random() < 0.5:
        ink = np.where(grey < rng.uniform(20, 70), np.minimum(ink, grey), ink)
    paper, line = rng.integers(215, 256, 3), rng.integers(0, 70, 3)
    share = (ink / 255)[..., None]
    return np.asarray(line + share * (paper - line), np.uint8)


def _posterised(picture: Picture, rng: np.random.Generator) -> Picture:
    smooth = cv2.bilateralFilter(picture, 5, 40, 3)
    step = int(rng.choice([32, 48, 64, 86]))
    return np.asarray(np.clip(smooth // step * step + step // 2, 0, 255), np.uint8)


def _inked(picture: Picture, rng: np.random.Generator) -> Picture:
    smooth = cv2.bilateralFilter(picture, 5, 50, 3)
    edges = cv2.adaptiveThreshold(
        cv2.cvtColor(smooth, cv2.COLOR_RGB2GRAY),
        255,
        cv2.ADAPTIVE_THRESH_MEAN_C,
        cv2.THRESH_BINARY,
        7,
        rng.uniform(4, 9),
    )
    return np.asarray(np.where(edges[..., None] == 0, np.uint8(30), smooth), np.uint8)


def _coloured(picture: Picture, rng: np.random.Generator) -> Picture:
    if rng.random() < 0.15:
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        tint = rng.uniform(0.85, 1.0, 3) if rng.random() < 0.4 else np.ones(3)
        picture = np.clip(grey[..., None] * tint, 0, 255).astype(np.uint8)
    elif rng.random() < 0.35:
        hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)
        turn = int(rng.normal(0, 18))
        if rng.random() < 0.15:
            turn += int(rng.integers(0, 180))
        hsv[..., 0] = (hsv[..., 0].astype(int) + turn) % 180
        hsv[..., 1] = np.clip(hsv[..., 1] * rng.uniform(0.3, 1.6), 0, 255)
        picture = np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.uint8)
    gain, lift = rng.normal(1, 0.18), rng.normal(0, 16)
    balance = rng.normal(1, 0.05, 3)
    table = np.clip((np.arange(256)[:, None] - 128) * gain * balance + 128 + lift, 0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(picture, table[None].reshape(1, 256, 3)), np.uint8)


def _pixels(picture: Picture, rng: np.random.Generator) -> Picture:
    height, width = picture.shape[:2]
    count = int(rng.integers(24, 64))
    small = cv2.resize(picture, (count, count), interpolation=cv2.INTER_AREA)
    back = cv2.INTER_NEAREST if rng.random() < 0.6 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(small, (width, height), interpolation=back), np.uint8)
