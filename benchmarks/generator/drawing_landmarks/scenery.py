"""Paint what may lie behind a drawing, or be all there is."""

from __future__ import annotations

import cv2
import numpy as np

from .ink import Canvas, fill, smooth, stroke


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
        scatter(canvas, rng, int(rng.integers(1, 8)))
    return canvas


def scatter(canvas: Canvas, rng: np.random.Generator, count: int) -> None:
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
