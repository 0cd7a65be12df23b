"""Draw a plain face on known landmarks, so that no network is needed to read it."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from generator import FaceParams
from generator.geometry import Source, avatar_rig, face_in_picture, prepare_source
from generator.geometry.landmarks import BROWS, LIDS, OUTER_LOWER, OUTER_UPPER, OVAL, lid_outline

SIZE = 256


def draw_face(params: FaceParams, size: int = SIZE) -> np.ndarray:
    """Return a picture (S, S, 3) of a face with hair, on a smooth background."""
    face = face_in_picture(params, size)
    rows, columns = np.mgrid[0:size, 0:size] / size
    picture = np.stack([90 + 60 * columns, 130 + 40 * rows, 170 - 30 * columns], -1)
    middle, reach = face.points[list(OVAL)].mean(0), np.ptp(face.points[list(OVAL)], axis=0)

    def paint(outline: np.ndarray, colour: tuple[int, int, int]) -> None:
        cv2.fillPoly(picture, [np.round(outline).astype(np.int32)], colour, cv2.LINE_AA)

    def disc(centre: tuple[float, float], radii: tuple[float, float], colour: tuple[int, int, int]) -> None:
        angle = np.linspace(0, 2 * np.pi, 60)
        paint(middle + (centre + np.stack([np.cos(angle), np.sin(angle)], 1) * radii) * reach, colour)

    disc((0, 0.85), (1.1, 0.5), (70, 60, 120))
    disc((0, -0.2), (0.66, 0.72), (70, 45, 30))
    disc((0, 0.45), (0.26, 0.26), (190, 140, 120))
    paint(face.points[list(OVAL)], (215, 165, 140))
    paint(face.points[list(OUTER_UPPER + OUTER_LOWER[::-1])], (170, 80, 85))
    for eye in (0, 1):
        paint(lid_outline(face.points, eye), (240, 238, 232))
        cv2.circle(picture, np.round(face.irises[eye]).astype(int).tolist(), round(face.radii[eye]), (60, 90, 150), -1)
        lid = np.ones((size, size), np.uint8)
        cv2.fillPoly(lid, [np.round(lid_outline(face.points, eye)).astype(np.int32)], 0)
        ring = face.points[list(LIDS[eye])]
        low, high = np.floor(ring.min(0)).astype(int) - 4, np.ceil(ring.max(0)).astype(int) + 4
        around = np.zeros_like(lid)
        around[low[1] : high[1], low[0] : high[0]] = 1
        picture[(lid > 0) & (around > 0)] = (215, 165, 140)
    for index in BROWS:
        cv2.circle(picture, np.round(face.points[index]).astype(int).tolist(), 2, (70, 45, 30), -1)
    noise = np.random.default_rng(0).normal(0, 2, picture.shape)
    return np.asarray(np.clip(cv2.GaussianBlur(picture, (0, 0), 0.6) + noise, 0, 255), np.uint8)


@pytest.fixture(scope="session")
def params() -> FaceParams:
    """Return a face whose points were read a few pixels beside the head's own."""
    face = FaceParams.neutral(scale=0.32, face_model="arkit")
    offsets = np.random.default_rng(3).normal(0, 0.012, (478, 3))
    for centre in (468, 473):
        offsets[centre : centre + 5] = offsets[centre]
    return replace(face, residual=offsets.astype(np.float32))


@pytest.fixture(scope="session")
def picture(params: FaceParams) -> np.ndarray:
    return draw_face(params)


@pytest.fixture(scope="session")
def source(params: FaceParams, picture: np.ndarray) -> Source:
    return prepare_source(avatar_rig(), picture, face_in_picture(params, SIZE))
