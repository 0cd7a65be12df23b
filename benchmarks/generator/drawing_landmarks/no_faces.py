"""Make pictures without a face: beside a face, parts of one, heads without features, shapes and texture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from generator.face.face_params import Floats
from generator.trackers.drawn_face import INPUT

from .examples import SIZE, Examples
from .features import draw_nose
from .filters import filtered
from .framing import cut, framing, moved, unwarped
from .heads import draw_head
from .ink import Canvas, sample_ink
from .mouths import draw_mouth, place_mouth
from .proportions import changed
from .samples import FINE, Picture, Sample, blanked, shrunk
from .scenery import background, scatter


def no_face_sample(examples: Examples, rng: np.random.Generator) -> Sample:
    """Return a picture without a face."""
    kind = str(rng.choice(["beside", "part", "blank", "shapes", "torn"], p=[0.26, 0.20, 0.22, 0.22, 0.10]))
    index = int(rng.integers(len(examples)))
    picture, points = examples.pictures[index], examples.points[index, :, :2].astype(np.float32)
    low, high = points.min(0), points.max(0)
    longer = float((high - low).max())
    if kind == "shapes":
        canvas = background(rng, INPUT * FINE)
        scatter(canvas, rng, int(rng.integers(0, 12)))
        seen = shrunk(canvas)
    elif kind == "blank":
        seen = shrunk(_head(picture, examples.materials[index], points, rng))
    elif kind == "torn":
        seen = _torn(cut(picture, (low + high) / 2, longer * rng.uniform(1.1, 2), 0.0), rng)
    else:
        side = longer * rng.uniform(0.15, 0.45) if kind == "part" else rng.uniform(40, 120)
        centre = rng.uniform(low, high) if kind == "part" else _beside(low, high, side, rng)
        seen = cut(picture, centre, side, rng.uniform(-np.pi, np.pi) if rng.random() < 0.3 else rng.normal(0, 0.3))
    seen = filtered(np.ascontiguousarray(seen), rng, redraw=kind not in ("shapes", "blank"))
    return Sample(seen, np.zeros((478, 3), np.float32), 0)


def _beside(low: Floats, high: Floats, side: float, rng: np.random.Generator) -> Floats:
    """Return the middle of a square that shows at most a quarter of a face; a corner where the face leaves no other."""
    quarter, reach = 0.25 * float((high - low).max()), 0.45 * side
    for _ in range(20):
        centre = rng.uniform(side * 0.3, SIZE - side * 0.3, 2)
        if (centre + reach < low + quarter).any() or (centre - reach > high - quarter).any():
            return centre
    return low - reach


def _head(picture: Picture, materials: Picture, points: Floats, rng: np.random.Generator) -> Canvas:
    """Return a head without features, or with too few of them for a face."""
    target = changed(points, rng, rng.uniform(0.3, 1.2))
    to_crop = framing(target, rng)
    fine = moved(target, to_crop) * FINE
    ink = sample_ink(rng, float(np.ptp(fine[:, 1])))
    if rng.random() < 0.5:
        canvas = background(rng, INPUT * FINE)
        draw_head(canvas, fine, ink, rng)
    else:
        canvas = blanked(picture, materials, unwarped(points, target, to_crop), fine, ink, rng)
    part = rng.random()
    if part < 0.15:
        draw_nose(canvas, fine, ink, rng)
    elif part < 0.25:
        draw_mouth(canvas, place_mouth(fine, "line", rng), "line", ink, rng)
    elif part < 0.4:
        scatter(canvas, rng, int(rng.integers(1, 5)))
    return canvas


def _torn(picture: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a picture whose tiles have changed places."""
    tile = int(rng.choice([16, 32]))
    count = INPUT // tile
    tiles = picture.reshape(count, tile, count, tile, 3).swapaxes(1, 2).reshape(-1, tile, tile, 3)
    mixed = tiles[rng.permutation(len(tiles))]
    return np.ascontiguousarray(mixed.reshape(count, count, tile, tile, 3).swapaxes(1, 2).reshape(INPUT, INPUT, 3))
