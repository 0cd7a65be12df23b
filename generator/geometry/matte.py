"""Cut the head and the body out of the source picture by their colours.

Below the chin GrabCut separates the body (Rother, Kolmogorov, Blake, SIGGRAPH 2004); above it `head_cut` separates hair
from background with a prior that knows where the skull is. A guided filter gives the matte its soft edge.
"""

from __future__ import annotations

import cv2
import numpy as np

from generator.face.face_params import Floats

from .filling import Bytes, blur, disk, fill, fill_holes, grow, guided_filter, mix, piece_at, shrink
from .head_cut import cut_head
from .landmarks import JAW, OVAL
from .sight import Sight

_HALF = 2


def cut_matte(sight: Sight) -> Floats:
    """Return the matte (S, S) of head and body, float32 in [0, 1]."""
    size = sight.size
    body = _body_cut(sight)
    hard = cut_head(sight, body, _HALF)
    hard = np.asarray(cv2.morphologyEx(hard, cv2.MORPH_CLOSE, disk(3 * sight.pixel / _HALF * 2)), np.uint8)
    full = cv2.resize(hard.astype(np.float32), (size, size), interpolation=cv2.INTER_LINEAR)
    edge = guided_filter(sight.image, full, max(2, round(5 * sight.pixel)), 2e-4)
    edge = np.clip((np.clip(edge, 0, 1) - 0.12) / 0.76, 0, 1)
    inner, outer = (
        blur(np.asarray(cv2.resize(mask, (size, size))), 2 * sight.pixel)
        for mask in (shrink(hard, 4 * sight.pixel), grow(hard, 5 * sight.pixel))
    )
    alpha = np.maximum(edge, np.clip(inner * 2 - 1, 0, 1)) * np.clip(outer * 2, 0, 1)
    alpha = np.maximum(np.clip(alpha, 0, 1), sight.oval)
    return np.asarray(_with_strands(sight, alpha.astype(np.float32)), np.float32)


def _body_cut(sight: Sight) -> Bytes:
    """Return the binary mask of head and body at half size, by GrabCut."""
    size, width, below, beside = sight.size, sight.width, sight.below, np.abs(sight.beside)
    skull = (sight.mesh_face >= 0) & (below < 0)
    jaw = sight.points[[JAW[1], JAW[-2]]].mean(0) - sight.chin
    lean = float(jaw @ np.array([sight.down[1], -sight.down[0]]))
    neck = (np.abs(sight.beside - lean * (1 - 0.3 * below)) < 0.27 * width) & (below > -0.1) & (below < 0.35)
    marks = np.full((size, size), cv2.GC_PR_BGD, np.uint8)
    marks[grow(skull, 0.28 * width) > 0] = cv2.GC_PR_FGD
    shoulders = below > 0.25
    marks[shoulders] = np.where(beside < 0.9 * width, cv2.GC_PR_FGD, cv2.GC_PR_BGD)[shoulders]
    marks[shrink(skull, 0.06 * width) > 0] = cv2.GC_FGD
    marks[shrink(sight.oval > 0.5, 0.02 * width) > 0] = cv2.GC_FGD
    marks[neck] = cv2.GC_FGD
    far = grow(skull, 0.75 * width) == 0
    marks[far & (below < -0.1)] = cv2.GC_BGD
    top = round(5 * sight.pixel)
    marks[:top][far[:top]] = cv2.GC_BGD
    half = (size // _HALF, size // _HALF)
    small = cv2.resize(blur(sight.image, 0.8 * sight.pixel), half, interpolation=cv2.INTER_AREA).astype(np.uint8)
    marks = np.ascontiguousarray(cv2.resize(marks, half, interpolation=cv2.INTER_NEAREST))
    cv2.setRNGSeed(1)
    cv2.grabCut(small, marks, None, np.zeros((1, 65)), np.zeros((1, 65)), 6, cv2.GC_INIT_WITH_MASK)
    cut = np.asarray(cv2.morphologyEx((marks & 1).astype(np.uint8), cv2.MORPH_OPEN, disk(sight.pixel)), np.uint8)
    cut = piece_at(cut, sight.points[list(OVAL)].mean(0) / _HALF)
    return np.asarray(cv2.morphologyEx(fill_holes(cut, 0.02), cv2.MORPH_CLOSE, disk(3 * sight.pixel)), np.uint8)


def _with_strands(sight: Sight, alpha: Floats) -> Floats:
    """Add thin hair before a smooth background: alpha by projection between the colours of hair and background."""
    far = (grow(alpha, 0.14 * sight.width) < 0.02).astype(np.float32)
    if far.sum() < 0.008 * far.size:
        return alpha
    behind = fill(sight.image, far)
    unevenness = float(np.median(np.abs(sight.image - behind).max(-1)[far > 0]))
    if unevenness >= 7:
        return alpha
    hair = fill(sight.image, (shrink(alpha, 0.025 * sight.width) > 0.95).astype(np.float32))
    apart = hair - behind
    contrast = (apart**2).sum(-1)
    share = ((sight.image - behind) * apart).sum(-1) / np.maximum(contrast, 1)
    ring = blur(grow(alpha > 0.5, 0.11 * sight.width), 3 * sight.pixel) * (sight.below < 0.5)
    strands = np.clip((share - 0.28) / 0.55, 0, 1) * np.clip((np.sqrt(contrast) - 45) / 40, 0, 1) * ring
    strands = np.where(blur(strands, 2 * sight.pixel) > 0.04, strands, 0)
    return np.maximum(alpha, strands)


def own_colours(sight: Sight, alpha: Floats, plate: Floats) -> Floats:
    """Return the colours of head and body without the background that shines through at the edge, (S, S, 3)."""
    solid = alpha > 0.97
    inside = fill(sight.image, shrink(solid, sight.pixel))
    share = alpha[..., None]
    unmixed = (sight.image - (1 - share) * plate) / np.maximum(share, 0.25)
    colours = np.clip(np.where(share > 0.25, unmixed, inside), 0, 255)
    unlike = np.abs(colours - inside).max(-1) > 60
    colours = mix(colours, inside, ((alpha < 0.97) & unlike).astype(np.float32))
    # A rim that takes after the background moves with the head as a line, so colours from further inside replace it.
    deep = fill(sight.image, shrink(solid, 5 * sight.pixel))
    rim = (shrink(solid, 4 * sight.pixel) == 0) & (np.abs(colours - deep).max(-1) > 40) & (sight.oval < 0.5)
    nearer = np.linalg.norm(colours - plate, axis=-1) < np.linalg.norm(colours - deep, axis=-1)
    return mix(colours, deep, blur((rim & nearer).astype(np.float32), 0.7 * sight.pixel))
