"""Make the pictures that the network learns from: avatars as rendered, drawn over, or drawn anew, and no faces."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.avatars import MATERIALS
from generator.face.face_params import Floats
from generator.trackers.drawn_face import INPUT

from .examples import SIZE, Examples
from .filters import filtered
from .pens import (
    EYE_KINDS,
    MOUTH_KINDS,
    Canvas,
    Ink,
    draw_brows,
    draw_extras,
    draw_eyes,
    draw_head,
    draw_mouth,
    draw_nose,
    fill,
    place_eyes,
    place_mouth,
    sample_ink,
    smooth,
    stroke,
)
from .places import OVAL, mirror_index
from .proportions import CONTROLS, changed, follow

FINE = 2
"""Drawings are made this many times larger, and shrunk."""

_FACE = tuple(MATERIALS.index(name) for name in (
    "skin", "lips", "brows", "mouth", "left_eye", "right_eye", "left_iris", "right_iris", "teeth", "tongue", "lashes",
    "glasses",
))  # fmt: skip
_FLAT = tuple(MATERIALS.index(name) for name in ("hair", "clothes", "hat", "beard", "hand"))
_OVAL = np.array(OVAL)
_GRID = 32


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
    to_crop = _framing(target, rng)
    inside = _moved(target, to_crop)
    fine = inside * FINE
    if kind == "drawn":
        ink = sample_ink(rng, float(np.ptp(fine[:, 1])))
        canvas = background(rng, INPUT * FINE)
        draw_head(canvas, fine, ink, rng)
    else:
        source = _unwarped(points[:, :2], target, to_crop)
        if kind == "rendered":
            seen = cv2.remap(_softened(picture, to_crop), *source, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            return _finished(np.asarray(seen, np.uint8), inside, points[:, 2], to_crop, rng, redraw=True)
        ink = sample_ink(rng, float(np.ptp(fine[:, 1])))
        canvas = _blanked(picture, materials, source, fine, ink, rng)
    fine = _draw_features(canvas, fine, ink, rng)
    drawn = np.asarray(cv2.resize(canvas, (INPUT, INPUT), interpolation=cv2.INTER_AREA), np.uint8)
    return _finished(drawn, fine / FINE, points[:, 2], to_crop, rng, redraw=False)


def no_face_sample(examples: Examples, rng: np.random.Generator) -> Sample:
    """Return a picture without a face: beside a face, a part of one, a head without features, or shapes and texture."""
    kind = rng.choice(["beside", "part", "blank", "shapes", "torn"], p=[0.26, 0.20, 0.22, 0.22, 0.10])
    index = int(rng.integers(len(examples)))
    picture, points = examples.pictures[index], examples.points[index].astype(np.float32)
    low, high = points[:, :2].min(0), points[:, :2].max(0)
    longer = float((high - low).max())
    if kind == "shapes":
        seen = background(rng, INPUT * FINE)
        _scatter(seen, rng, int(rng.integers(0, 12)))
        seen = np.asarray(cv2.resize(seen, (INPUT, INPUT), interpolation=cv2.INTER_AREA), np.uint8)
    elif kind == "blank":
        target = changed(points[:, :2], rng, rng.uniform(0.3, 1.2))
        to_crop = _framing(target, rng)
        fine = _moved(target, to_crop) * FINE
        ink = sample_ink(rng, float(np.ptp(fine[:, 1])))
        if rng.random() < 0.5:
            canvas = background(rng, INPUT * FINE)
            draw_head(canvas, fine, ink, rng)
        else:
            canvas = _blanked(
                picture, examples.materials[index], _unwarped(points[:, :2], target, to_crop), fine, ink, rng
            )
        part = rng.random()
        if part < 0.15:
            draw_nose(canvas, fine, ink, rng)
        elif part < 0.25:
            draw_mouth(canvas, place_mouth(fine, "line", rng), "line", ink, rng)
        elif part < 0.4:
            _scatter(canvas, rng, int(rng.integers(1, 5)))
        seen = np.asarray(cv2.resize(canvas, (INPUT, INPUT), interpolation=cv2.INTER_AREA), np.uint8)
    else:
        if kind == "part":
            side = longer * rng.uniform(0.15, 0.45)
            centre = rng.uniform(low, high)
        else:
            side = rng.uniform(40, 120)
            for _ in range(20):
                centre = rng.uniform(side * 0.3, SIZE - side * 0.3, 2)
                reach = side / 2 * 0.9
                if (centre + reach < low + 0.25 * longer).any() or (centre - reach > high - 0.25 * longer).any():
                    break
            else:
                return no_face_sample(examples, rng)
        seen = _cut(picture, centre, side, rng.uniform(-np.pi, np.pi) if rng.random() < 0.3 else rng.normal(0, 0.3))
        if kind == "torn":
            seen = _torn(_cut(picture, (low + high) / 2, longer * rng.uniform(1.1, 2), 0.0), rng)
    seen = filtered(np.ascontiguousarray(seen), rng, redraw=kind not in ("shapes", "blank"))
    return Sample(seen, np.zeros((478, 3), np.float32), 0)


def background(rng: np.random.Generator, size: int) -> Canvas:
    """Paint what may lie behind a drawing: a colour, a gradient, stripes, spots, or shapes."""
    first, second = rng.integers(0, 256, (2, 3))
    if rng.random() < 0.3:
        first = rng.integers(235, 256, 3)
    canvas = np.empty((size, size, 3), np.uint8)
    canvas[:] = first
    kind = rng.random()
    if kind < 0.25:
        angle = rng.uniform(0, 2 * np.pi)
        y, x = np.mgrid[:size, :size] / size
        share = np.clip(0.5 + (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle), 0, 1)[..., None]
        canvas = (first * (1 - share) + second * share).astype(np.uint8)
    elif kind < 0.35:
        period = size * rng.uniform(0.03, 0.3)
        angle = rng.uniform(0, 2 * np.pi)
        y, x = np.mgrid[:size, :size]
        wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / period)
        if rng.random() < 0.4:
            wave = wave * np.sin((y * np.cos(angle) - x * np.sin(angle)) * 2 * np.pi / period)
        canvas[wave > 0] = second
    elif kind < 0.45:
        low = cv2.resize(
            rng.integers(0, 256, (int(rng.integers(2, 24)), int(rng.integers(2, 24)), 3)).astype(np.uint8),
            (size, size),
            interpolation=int(rng.choice([cv2.INTER_CUBIC, cv2.INTER_NEAREST])),
        )
        canvas = np.ascontiguousarray(low)
    elif kind < 0.5:
        canvas = rng.integers(0, 256, (size, size, 3)).astype(np.uint8)
    if rng.random() < 0.5:
        _scatter(canvas, rng, int(rng.integers(1, 8)))
    return canvas


def _scatter(canvas: Canvas, rng: np.random.Generator, count: int) -> None:
    """Draw shapes, lines and letters anywhere, in place."""
    size = canvas.shape[0]
    for _ in range(count):
        red, green, blue = rng.integers(0, 256, 3).tolist()
        place, reach = rng.uniform(0, size, 2), size * rng.uniform(0.02, 0.35)
        kind = rng.integers(6)
        if kind == 0:
            points = place + rng.normal(0, reach / 2, (int(rng.integers(3, 8)), 2))
            fill(canvas, smooth(points, int(rng.integers(0, 3))), (red, green, blue))
        elif kind == 1:
            cv2.circle(canvas, place.astype(int).tolist(), int(reach), (red, green, blue), -1, cv2.LINE_AA)
        elif kind == 2:
            cv2.circle(
                canvas, place.astype(int).tolist(), int(reach), (red, green, blue), int(rng.integers(1, 8)), cv2.LINE_AA
            )
        elif kind == 3:
            stroke(
                canvas,
                place + rng.normal(0, reach, (int(rng.integers(2, 7)), 2)),
                (red, green, blue),
                rng.uniform(1, 8),
            )
        elif kind == 4:
            corner = (place + reach * rng.uniform(0.3, 2, 2)).astype(int).tolist()
            cv2.rectangle(canvas, place.astype(int).tolist(), corner, (red, green, blue), -1)
        else:
            text = "".join(chr(int(c)) for c in rng.integers(48, 123, int(rng.integers(1, 8))))
            cv2.putText(
                canvas,
                text,
                place.astype(int).tolist(),
                int(rng.integers(0, 8)),
                rng.uniform(0.4, 3),
                (red, green, blue),
                int(rng.integers(1, 5)),
                cv2.LINE_AA,
            )


def _framing(points: Floats, rng: np.random.Generator) -> Floats:
    """Return the affine matrix (2, 3) that leads from the picture to a crop, wide or tight around the face."""
    low, high = points.min(0), points.max(0)
    longer = float((high - low).max())
    if rng.random() < 0.45:
        share = float(np.exp(rng.uniform(np.log(0.27), np.log(0.75))))
        roll = np.radians(np.clip(rng.normal(0, 14), -35, 35))
        reach = (1 - share) / 2 * 1.0 + 0.04
        offset = rng.uniform(-reach, reach, 2)
    else:
        share = float(np.exp(rng.normal(np.log(0.66), 0.16)))
        roll = np.radians(np.clip(rng.normal(0, 9), -30, 30))
        offset = rng.normal(0, 0.055, 2)
    scale = INPUT * share / longer
    cos, sin = np.cos(roll) * scale, np.sin(roll) * scale
    matrix = np.array([[cos, -sin], [sin, cos]])
    shift = INPUT * (0.5 + offset) - matrix @ ((low + high) / 2)
    return np.concatenate([matrix, shift[:, None]], 1).astype(np.float32)


def _moved(points: Floats, matrix: Floats) -> Floats:
    moved: Floats = points @ matrix[:, :2].T + matrix[:, 2]
    return moved


def _unwarped(points: Floats, target: Floats, to_crop: Floats) -> tuple[Floats, Floats]:
    """Return for each pixel of the crop the place x, y of the picture that it shows."""
    back = cv2.invertAffineTransform(to_crop)
    ticks = ((np.arange(_GRID) + 0.5) * INPUT / _GRID).astype(np.float32)
    grid = np.stack(np.meshgrid(ticks, ticks), -1).reshape(-1, 2)
    places = _moved(grid, back)
    low, high = points.min(0), points.max(0)
    frame = np.linspace(0, 1, 6)
    reach = 0.35 * (high - low)
    ring = np.concatenate(
        [
            np.stack([frame, np.zeros(6)], 1),
            np.stack([frame, np.ones(6)], 1),
            np.stack([np.zeros(6), frame], 1),
            np.stack([np.ones(6), frame], 1),
        ]
    )
    ring = (low - reach) + ring * (high - low + 2 * reach)
    controls = np.concatenate([target[CONTROLS], ring])
    moves = np.concatenate([points[CONTROLS] - target[CONTROLS], np.zeros_like(ring)])
    places = places + follow(controls, moves, places)
    coarse = places.reshape(_GRID, _GRID, 2).astype(np.float32) - 0.5
    fine = cv2.resize(coarse, (INPUT, INPUT), interpolation=cv2.INTER_CUBIC)
    return np.ascontiguousarray(fine[..., 0]), np.ascontiguousarray(fine[..., 1])


def _softened(picture: NDArray[np.uint8], to_crop: Floats) -> NDArray[np.uint8]:
    shrink = 1 / max(float(np.sqrt(abs(np.linalg.det(to_crop[:, :2])))), 1e-6)
    if shrink < 1.3:
        return np.ascontiguousarray(picture)
    return np.asarray(cv2.GaussianBlur(np.ascontiguousarray(picture), (0, 0), 0.4 * shrink), np.uint8)


def _blanked(
    picture: NDArray[np.uint8], materials: NDArray[np.uint8], source: tuple[Floats, Floats], fine: Floats, ink: Ink,
    rng: np.random.Generator,
) -> Canvas:  # fmt: skip
    """Return the crop of a rendered avatar without features, and with flat colours now and then."""
    seen = np.asarray(
        cv2.remap(_softened(picture, np.eye(2, 3)), *source, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
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


def _cut(picture: NDArray[np.uint8], centre: Floats, side: float, roll: float) -> NDArray[np.uint8]:
    scale = INPUT / side
    cos, sin = np.cos(roll) * scale, np.sin(roll) * scale
    matrix = np.array([[cos, -sin], [sin, cos]])
    whole = np.concatenate([matrix, (INPUT / 2 - matrix @ centre)[:, None]], 1)
    return np.asarray(cv2.warpAffine(picture, whole, (INPUT, INPUT), borderMode=cv2.BORDER_REFLECT), np.uint8)


def _torn(picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a picture whose tiles have changed places."""
    tile = int(rng.choice([16, 32]))
    count = INPUT // tile
    tiles = picture.reshape(count, tile, count, tile, 3).swapaxes(1, 2).reshape(-1, tile, tile, 3)
    mixed = tiles[rng.permutation(len(tiles))]
    return np.ascontiguousarray(mixed.reshape(count, count, tile, tile, 3).swapaxes(1, 2).reshape(INPUT, INPUT, 3))
