from __future__ import annotations

import cv2
import numpy as np
import pytest

from generator.face.face_params import EXPRESSION, SHAPE
from generator.face.head_model import landmarks68
from generator.puppets import STYLES, render, sample_puppet
from generator.trackers import track_still
from generator.trackers.face_mesh.lid_line import lid_share
from generator.trackers.ibug import camera_space, picture_space
from generator.trackers.puppet_fit.mesh_bias import MESH_BIAS
from generator.trackers.regions import Points

SKIN, SCLERA = (205, 160, 130), (245, 245, 240)
EYES = ((36, 37, 38, 39, 40, 41), (42, 43, 44, 45, 46, 47))


def head_on(size: int) -> tuple[Points, Points]:
    """Return the network's points of a plain puppet and the true points, in pixels."""
    true = landmarks68(np.zeros(len(SHAPE), np.float32), np.zeros(len(EXPRESSION), np.float32))

    def pixels(points: Points) -> Points:
        return np.asarray(points[:, :2] * (0.35, -0.35) * size + size / 2, np.float64)

    return pixels(true + MESH_BIAS), pixels(true)


def face_with_eyes(points: Points, size: int, skin: tuple[int, int, int], sclera: tuple[int, int, int]) -> np.ndarray:
    image = np.full((size, size, 3), skin, np.uint8)
    for eye in EYES:
        cv2.fillPoly(image, [np.rint(points[list(eye)]).astype(np.int32)], sclera)
    noise = np.random.default_rng(0).normal(0, 2, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0, 1.4])
@pytest.mark.parametrize("size", [256, 900])
def test_the_end_of_the_eyeball_is_found_on_the_way(share: float, size: int) -> None:
    seen, puppet = head_on(size)
    image = face_with_eyes(seen + share * (puppet - seen), size, SKIN, SCLERA)
    assert lid_share(image, seen, puppet) == pytest.approx(share, abs=0.25)


def test_a_picture_without_contrast_does_not_tell() -> None:
    seen, puppet = head_on(256)
    assert lid_share(face_with_eyes(seen, 256, SKIN, SKIN), seen, puppet) == 1.0
    assert lid_share(face_with_eyes(seen, 256, SKIN, SCLERA), seen * 0.001, puppet * 0.001) == 1.0  # eyes of size zero


@pytest.mark.parametrize(("height", "width"), [(300, 200), (200, 300), (64, 64)])
def test_picture_space_undoes_camera_space(height: int, width: int) -> None:
    points = np.random.default_rng(1).uniform(0, 200, (68, 3))
    assert np.allclose(picture_space(camera_space(points, height, width), height, width), points[:, :2])


def opening(points: Points) -> float:
    upper, lower = points[[37, 38, 43, 44]], points[[41, 40, 47, 46]]
    return float(np.linalg.norm((upper - lower)[:, :2], axis=1).mean())


@pytest.mark.slow
def test_lids_of_puppets_are_found_better_than_by_the_table_alone(mesh, monkeypatch) -> None:
    puppets = [sample_puppet(np.random.default_rng((90, n)), style) for n, style in enumerate(STYLES)]
    frames = [render(puppet, puppet.neutral()) for puppet in puppets]
    boxes = [(*np.min(frame.landmarks, 0), *np.max(frame.landmarks, 0)) for frame in frames]
    errors = {}
    for name in ("table", "seen"):
        if name == "table":
            monkeypatch.setattr("generator.trackers.puppet_fit.track.lid_share", lambda *_: 1.0)
        else:
            monkeypatch.undo()
        found = [track_still(frame.image, box=box, mesh=mesh) for frame, box in zip(frames, boxes, strict=True)]
        errors[name] = [
            abs(
                found.camera[0] * opening(landmarks68(found.shape, found.expression))
                - puppet.scale * opening(landmarks68(puppet.shape, puppet.neutral().expression))
            )
            for found, puppet in zip(found, puppets, strict=True)
        ]
    assert np.mean(errors["seen"]) < 0.9 * np.mean(errors["table"])
