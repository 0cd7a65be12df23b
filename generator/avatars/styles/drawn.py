"""Finish the drawn styles: anime, comic and sketch."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from generator.avatars.colours import encoded
from generator.avatars.materials import HAIR, HAND, SKIN
from generator.face.face_params import Floats

from .frame import Frame, film, foreground, outlines, scattered, smaller


def _inked(frame: Frame, width: float) -> Floats:
    """Return two-tone colours with ink lines at the sampled size, as sRGB in [0, 1]."""
    line = outlines(frame, width)[..., None]
    albedo, front = frame.surface.albedo, foreground(frame)
    colours = (albedo * frame.shaded.diffuse + frame.shaded.highlight) * np.float32(
        0.5 + 0.5 * min(frame.exposure, 1.4)
    )
    colours = encoded(colours * 1.04) * front + frame.enlarged_background() * (1 - front)
    hair = (frame.surface.material == HAIR)[..., None]
    ink = encoded(np.where(hair, albedo * 0.25, np.clip(albedo * 0.14, 0, 0.06)))
    return np.asarray(colours * (1 - line) + ink * line, np.float32)


def anime(frame: Frame) -> Floats:
    """Return a cel: flat colours, one shade, thin lines."""
    return smaller(_inked(frame, max(0.7, 1.1 * frame.sampled / 512)), frame.size)


def comic(frame: Frame) -> Floats:
    """Return a printed comic: few colours, heavy lines, dots where there is shade."""
    picture = _inked(frame, max(0.9, 1.6 * frame.sampled / 512))
    value = picture.max(-1, keepdims=True)
    fewer = np.round(value * 5) / 5
    picture = picture * (1 + (foreground(frame) < 0.5) * 0.7 * (fewer / np.maximum(value, 0.02) - 1))
    rows, columns = np.mgrid[0 : frame.sampled, 0 : frame.sampled].astype(np.float32)
    period = 7.0 * frame.sampled / 512
    u, v = (columns + rows) / 1.414 / period, (columns - rows) / 1.414 / period
    dot = np.hypot(u - np.round(u), v - np.round(v))
    material = frame.surface.material
    shade = np.clip(1 - frame.shaded.diffuse[..., 1], 0, 0.6)
    skin = (material == SKIN) | (material == HAND)
    picture[(dot < shade * 0.75) & skin] *= np.array([0.80, 0.66, 0.70], np.float32)
    picture[(foreground(frame)[..., 0] < 0.5) & (dot < 0.33)] *= 0.88
    small = np.clip(smaller(picture.astype(np.float32), frame.size), 0, 1)
    hsv = cv2.cvtColor(small, cv2.COLOR_RGB2HSV)
    hsv[..., 1] = np.clip(hsv[..., 1] * 1.25, 0, 1)
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.float32)


@lru_cache(maxsize=4)
def _paper(seed: int, size: int) -> tuple[Floats, Floats, Floats]:
    """Return the hand's waver, the pencil's grain and the paper's fibres, each (size, size)."""
    rng = np.random.default_rng(seed)
    coarse = rng.normal(size=(24, 24)).astype(np.float32)
    waver = 2 * cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    grain = cv2.GaussianBlur(rng.normal(size=(size, size)).astype(np.float32), (0, 0), 0.9)
    return waver, grain, cv2.GaussianBlur(rng.normal(size=(size, size)).astype(np.float32), (0, 0), 1.5)


def sketch(frame: Frame) -> Floats:
    """Return a pencil drawing on paper: hatching by tone, wavering outlines, detail at the eyes and mouth."""
    size = frame.sampled
    front = foreground(frame)
    lit = np.sqrt(frame.surface.albedo) * 0.85 * scattered(frame, 1.0) + 0.4 * frame.shaded.highlight
    seen = lit.mean(-1) * np.float32(frame.exposure**0.5)
    grey = cv2.GaussianBlur(film(seen * front[..., 0] + 0.95 * (1 - front[..., 0])), (0, 0), 1.1)
    rows, columns = np.mgrid[0:size, 0:size].astype(np.float32)
    waver, grain, fibres = _paper(frame.seed, size)
    tone = 1 - np.clip((grey - 0.05) / 0.85, 0, 1)
    drawn = np.ones((size, size), np.float32)
    for angle, start, period in ((0.8, 0.30, 6.0), (-0.7, 0.52, 6.5), (0.1, 0.70, 5.5)):
        phase = (columns * np.cos(angle) + rows * np.sin(angle) + waver) / (period * size / 512)
        weight = np.clip((tone - start) / 0.35, 0, 1)
        line = np.clip(1.2 - np.abs(phase - np.round(phase)) / (0.12 + 0.26 * weight), 0, 1) * (weight > 0)
        drawn *= 1 - 0.55 * line * np.clip(0.55 + 0.6 * grain + 0.4 * weight, 0, 1)
    drawn *= 1 - 0.28 * tone * front[..., 0]
    edge = cv2.remap(outlines(frame, 1.1), columns + 0.8 * waver, rows + 0.8 * waver, cv2.INTER_LINEAR)
    drawn *= 1 - 0.85 * edge * np.clip(0.8 + 0.5 * grain, 0, 1)
    detail = cv2.GaussianBlur(grey, (0, 0), 1.0) - cv2.GaussianBlur(grey, (0, 0), 4.0)
    drawn *= 1 - np.clip(-detail * 7, 0, 0.75)
    warm = frame.background.mean((0, 1))
    paper = (np.array([0.965, 0.952, 0.92], np.float32) * 0.9 + 0.1 * warm) * (1 + 0.02 * fibres[..., None])
    ink = np.array([0.16, 0.15, 0.17], np.float32)
    return smaller(np.asarray(paper * drawn[..., None] + ink * (1 - drawn[..., None]), np.float32), frame.size)
