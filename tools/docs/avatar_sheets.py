"""Draw the contact sheets of avatars in docs/images.

`avatars-STYLE.jpg` shows 24 consecutive seeds of one style, none of them picked; `avatars-expressions.jpg` shows one
character in all styles under nine expressions: `python -m tools.docs.avatar_sheets [--only real ...]`.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.avatars import STYLES, coefficients, render, restyle, sample_avatar
from generator.face.face_params import FaceParams

IMAGES = Path(__file__).parents[2] / "docs" / "images"
FIRST_SEED, COUNT, COLUMNS, SIDE = 100, 24, 6, 170
QUALITY = 80
EXPRESSED_SEED, EXPRESSED_SIDE = 119, 128
Picture = NDArray[np.uint8]

EXPRESSIONS: tuple[tuple[dict[str, float], tuple[float, float, float], tuple[float, float]], ...] = (
    ({}, (0, 0, 0), (0, 0)),
    ({"mouthSmile": 0.9, "cheekSquint": 0.5}, (0.2, 0, 0), (0, 0)),
    ({"jawOpen": 0.8, "browInnerUp": 0.7, "eyeWide": 0.7}, (0, 0, 0), (0, 0)),
    ({"eyeBlink": 1.0}, (0, 0, 0.1), (0, 0)),
    ({"tongueOut": 0.9, "jawOpen": 0.5}, (-0.2, 0, 0), (0, 0)),
    ({"mouthPucker": 0.9}, (0.61, 0, 0), (0.3, 0)),
    ({"browDown": 0.9, "mouthFrown": 0.7, "noseSneer": 0.6}, (-0.61, 0, 0), (-0.4, 0)),
    ({"mouthSmile": 0.8, "jawOpen": 0.35, "mouthUpperUp": 0.5}, (0, 0.3, 0), (0, -0.9)),
    ({}, (0, -0.3, 0), (0, 0.9)),
)
"""Coefficients, which hold for both sides where ARKit has two, pose and gaze."""


def lively(params: FaceParams, seed: int) -> FaceParams:
    """Return an avatar at rest with a glance, and with an expression for three of five seeds."""
    rng = np.random.default_rng([seed, 9])
    change: tuple[dict[str, float], ...] = (
        {},
        {"mouthSmile": 0.6, "cheekSquint": 0.3},
        {"jawOpen": 0.3, "browInnerUp": 0.4},
        {},
        {"browDown": 0.4},
    )
    expression = np.maximum(params.expression, coefficients(change[seed % 5]))
    return replace(params, expression=expression, gaze=rng.normal(0, 0.2, 2).astype(np.float32))


def sheet(style: str) -> Picture:
    """Draw consecutive seeds of a style."""
    shots = []
    for seed in range(FIRST_SEED, FIRST_SEED + COUNT):
        avatar = sample_avatar(seed, style)
        picture = render(avatar, lively(avatar.params(), seed), 256).picture
        shots.append(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA))
    rows = [np.concatenate(shots[start : start + COLUMNS], 1) for start in range(0, COUNT, COLUMNS)]
    return np.asarray(np.concatenate(rows, 0), np.uint8)


def expressions() -> Picture:
    """Draw one character in all styles, each a row."""
    rows, character = [], sample_avatar(EXPRESSED_SEED, "real")
    for style in STYLES:
        avatar = restyle(character, style)
        shots = []
        for values, pose, gaze in EXPRESSIONS:
            params = replace(
                avatar.params(),
                expression=coefficients(values),
                pose=np.array(pose, np.float32),
                gaze=np.array(gaze, np.float32),
                camera=np.array([0.3, 0.5, 0.52], np.float32),
            )
            shots.append(render(avatar, params, EXPRESSED_SIDE).picture)
        rows.append(np.concatenate(shots, 1))
    return np.asarray(np.concatenate(rows, 0), np.uint8)


def main() -> None:
    """Draw and write the sheets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", choices=(*STYLES, "expressions"), help="draw these sheets only")
    chosen = parser.parse_args().only or (*STYLES, "expressions")
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name in chosen:
        picture = expressions() if name == "expressions" else sheet(name)
        cv2.imwrite(str(IMAGES / f"avatars-{name}.jpg"), picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])


if __name__ == "__main__":
    main()
