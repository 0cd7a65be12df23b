"""Make the pictures that the network learns from: avatars as rendered, drawn over, or drawn anew."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.avatars import MATERIALS
from generator.face.face_params import Floats
from generator.trackers.drawn_face import INPUT

from .examples import SIZE, Examples
from .eyes import EYE_KINDS, draw_eyes, place_eyes
from .features import draw_brows, draw_extras, draw_nose
from .filters import filtered
from .framing import framing, moved, softened, unwarped
from .heads import draw_head
from .ink import Canvas, Ink, fill, sample_ink, smooth
from .mouths import MOUTH_KINDS, draw_mouth, place_mouth
from .places import OVAL, mirror_index
from .proportions import changed
from .scenery import background

FINE = 2
"""Drawings are made this many times larger, and shrunk."""

_FACE = tuple(MATERIALS.index(name) for name in (
    "skin", "lips", "brows", "mouth", "left_eye", "right_eye", "left_iris", "right_iris", "teeth", "tongue", "lashes",
    "glasses",
))  # fmt: skip
_FLAT = tuple(MATERIALS.index(name) for name in ("hair", "clothes", "hat", "beard", "hand"))
_OVAL = np.array(OVAL)

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One picture to learn from.

    Attributes:
        picture: (INPUT, INPUT, 3) uint8 RGB.
        points: (478, 3) x, y and depth in its pixels; zeros without a face.
        face: 1 where it shows a face, 0 where it shows none.
    """

    picture: NDArray[np.uint8]
    points: Floats
    face: int


def face_sample(examples: Examples, rng: np.random.Generator) -> Sample:
    """Return a picture of a face: of the framing of the search, or of that of the refinement."""
    index = int(rng.integers(len(examples)))
    points = examples.points[index].astype(np.float32)
    picture, materials = examples.pictures[index], examples.materials[index]
    if rng.random() < 0.5:
        picture, materials = picture[:, ::-1], materials[:, ::-1]
        points = points[mirror_index()] * [-1, 1, 1] + [SIZE, 0, 0]
    kind = rng.choice(["rendered", "drawn over", "drawn"], p=[0.45, 0.25, 0.30])
    strength = rng.uniform(0, 1.0) if kind == "rendered" else rng.uniform(0.3, 1.5)
    target = changed(points[:, :2], rng, strength)
    to_crop = framing(target, rng)
    inside = moved(target, to_crop)
    fine = inside * FINE
    if kind == "drawn":
        ink = sample_ink(rng, float(np.ptp(fine[:, 1])))
        canvas = background(rng, INPUT * FINE)
        draw_head(canvas, fine, ink, rng)
    else:
        source = unwarped(points[:, :2], target, to_crop)
        if kind == "rendered":
            seen = cv2.remap(softened(picture, to_crop), *source, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            return _finished(np.asarray(seen, np.uint8), inside, points[:, 2], to_crop, rng, redraw=True)
        ink = sample_ink(rng, float(np.ptp(fine[:, 1])))
        canvas = blanked(picture, materials, source, fine, ink, rng)
    fine = _draw_features(canvas, fine, ink, rng)
    return _finished(shrunk(canvas), fine / FINE, points[:, 2], to_crop, rng, redraw=False)


def blanked(
    picture: NDArray[np.uint8], materials: NDArray[np.uint8], source: tuple[Floats, Floats], fine: Floats, ink: Ink,
    rng: np.random.Generator,
) -> Canvas:  # fmt: skip
    """Return the crop of a rendered avatar without features, and with flat colours now and then."""
    seen = np.asarray(
        cv2.remap(softened(picture, np.eye(2, 3)), *source, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        np.uint8,
    )
    what = cv2.remap(np.ascontiguousarray(materials), *source, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    face = np.isin(what, _FACE)
    if rng.random() < 0.6:
        for material in _FLAT:
            where = what == material
            if where.any():
                share = 0.0 if rng.random() < 0.6 else 0.3
                seen[where] = (np.median(seen[where], 0) * (1 - share) + seen[where] * share).astype(np.uint8)
    if rng.random() < 0.5:
        seen[what == 0] = cv2.resize(background(rng, INPUT), (INPUT, INPUT))[what == 0]
    if face.any():
        share = 0.0 if rng.random() < 0.7 else 0.15
        seen[face] = (np.array(ink.skin) * (1 - share) + seen[face] * share).astype(np.uint8)
    canvas = np.asarray(cv2.resize(seen, (INPUT * FINE, INPUT * FINE), interpolation=cv2.INTER_LINEAR), np.uint8)
    if rng.random() < 0.5:
        fill(canvas, smooth(fine[_OVAL], 1), ink.skin)
    if ink.outlined:
        edges = [
            contour
            for contour in cv2.findContours(
                cv2.resize(face.astype(np.uint8), (INPUT * FINE, INPUT * FINE)),
                cv2.RETR_EXTERNAL,
                cv2.CHAIN_APPROX_SIMPLE,
            )[0]
        ]
        cv2.drawContours(canvas, edges, -1, ink.line, max(1, round(ink.width)), cv2.LINE_AA)
    return canvas


def shrunk(canvas: Canvas) -> Picture:
    """Return a drawing of FINE times the size as the network's picture."""
    return np.asarray(cv2.resize(canvas, (INPUT, INPUT), interpolation=cv2.INTER_AREA), np.uint8)


def _draw_features(canvas: Canvas, points: Floats, ink: Ink, rng: np.random.Generator) -> Floats:
    """Draw eyes, brows, nose and mouth in place; return the points where they lie."""
    eyes, mouth = str(rng.choice(EYE_KINDS)), str(rng.choice(MOUTH_KINDS, p=[0.35, 0.15, 0.15, 0.25, 0.10]))
    points = place_mouth(place_eyes(points, eyes, rng), mouth, rng)
    draw_nose(canvas, points, ink, rng)
    draw_mouth(canvas, points, mouth, ink, rng)
    draw_eyes(canvas, points, eyes, ink, rng)
    draw_brows(canvas, points, ink, rng)
    draw_extras(canvas, points, ink, rng)
    return points


def _finished(
    picture: NDArray[np.uint8],
    inside: Floats,
    depth: Floats,
    to_crop: Floats,
    rng: np.random.Generator,
    *,
    redraw: bool,
) -> Sample:
    scale = float(np.sqrt(abs(np.linalg.det(to_crop[:, :2]))))
    points = np.concatenate([inside, (depth * scale)[:, None]], 1).astype(np.float32)
    return Sample(filtered(np.ascontiguousarray(picture), rng, redraw=redraw), points, 1)
