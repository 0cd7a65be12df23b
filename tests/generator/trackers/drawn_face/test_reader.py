"""A face drawn here with a few strokes, of which neither the strokes nor their places come from the training."""

from __future__ import annotations

import json
import shutil

import cv2
import numpy as np
import pytest
import torch

from generator.errors import ModelFilesError
from generator.trackers.drawn_face import (
    DRAWN_FACE,
    INPUT,
    PLACES,
    DrawnFaceNetwork,
    ShapeBasis,
    load_drawn_face,
    save_drawn_face,
    shipped_drawn_face,
)

EYES, MOUTH = np.array([[165.0, 190], [235, 190]]), np.array([200.0, 262])


def drawing():
    """Return a face of 400 pixels: brown hair, round head, white eyes with pupils, brows, a small nose and a smile."""
    picture = np.full((400, 400, 3), (205, 225, 240), np.uint8)
    cv2.ellipse(picture, (200, 400), (120, 70), 0, 0, 360, (60, 110, 160), -1, cv2.LINE_AA)
    cv2.rectangle(picture, (172, 270), (228, 345), (225, 175, 140), -1)
    cv2.ellipse(picture, (200, 175), (112, 118), 0, 0, 360, (95, 55, 30), -1, cv2.LINE_AA)
    cv2.ellipse(picture, (200, 210), (92, 105), 0, 0, 360, (245, 200, 165), -1, cv2.LINE_AA)
    cv2.ellipse(picture, (200, 130), (92, 42), 0, 0, 360, (95, 55, 30), -1, cv2.LINE_AA)
    for x, y in EYES.astype(int):
        cv2.ellipse(picture, (int(x), int(y)), (19, 15), 0, 0, 360, (255, 255, 255), -1, cv2.LINE_AA)
        cv2.circle(picture, (int(x), int(y)), 8, (40, 30, 30), -1, cv2.LINE_AA)
        cv2.ellipse(picture, (int(x), int(y) - 14), (24, 14), 0, 200, 340, (70, 40, 25), 5, cv2.LINE_AA)
    cv2.ellipse(picture, (200, 228), (9, 7), 0, 20, 160, (190, 130, 100), 3, cv2.LINE_AA)
    cv2.ellipse(picture, (200, 250), (34, 18), 0, 10, 170, (150, 50, 50), 5, cv2.LINE_AA)
    return picture


def test_a_drawn_face_is_found_with_its_eyes_and_mouth_in_place():
    (face,) = [face for face in shipped_drawn_face().find(drawing()) if face.within()]
    apart = np.linalg.norm(EYES[1] - EYES[0])
    eyes = np.stack([face.points[list(corners), :2].mean(0) for corners in ((33, 133), (263, 362))])
    assert np.abs(eyes - EYES).max() < 0.25 * apart
    assert np.linalg.norm(face.points[[61, 291], :2].mean(0) - MOUTH) < 0.25 * apart


def test_a_drawn_face_that_is_turned_is_found_among_the_turned_ones():
    turned = np.ascontiguousarray(np.rot90(drawing(), 2))
    (face,) = [face for face in shipped_drawn_face().find(turned, turned=True) if face.within()]
    down = face.points[152, :2] - face.points[10, :2]
    assert down[1] < -0.8 * np.linalg.norm(down)


@pytest.mark.parametrize("kind", ["grey", "noise", "stripes", "spots"])
def test_no_face_is_found_where_there_is_none(kind):
    rng = np.random.default_rng(5)
    picture = np.full((300, 300, 3), 120, np.uint8)
    if kind == "noise":
        picture = rng.integers(0, 256, picture.shape, dtype=np.uint8)
    elif kind == "stripes":
        picture[:, np.arange(300) // 20 % 2 == 0] = (250, 200, 30)
    elif kind == "spots":
        for x, y in rng.integers(20, 280, (12, 2)).tolist():
            cv2.circle(picture, (x, y), 14, rng.integers(0, 256, 3).tolist(), -1)
    assert not [face for face in shipped_drawn_face().find(picture) if face.within()]


def test_the_places_are_the_means_of_their_maps():
    torch.manual_seed(0)
    network = DrawnFaceNetwork().eval()
    with torch.inference_mode():
        places, logs, face = network(torch.rand(2, 3, INPUT, INPUT))
    maps = logs.exp().reshape(2, len(PLACES), 16, 16).double()
    assert face.shape == (2,)
    np.testing.assert_allclose(maps.sum((2, 3)), 1, atol=1e-5)
    x = (maps.sum(2) * network.ticks).sum(-1)
    np.testing.assert_allclose(places[..., 0].double(), x, atol=1e-5)


def test_a_network_is_written_and_read_in_half_precision(tmp_path):
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    network = DrawnFaceNetwork().eval()
    basis = ShapeBasis(rng.normal(size=(478, 3)), rng.normal(size=(3, 478, 3)), PLACES)
    save_drawn_face(network, basis, {"name": "toy"}, tmp_path)
    picture = np.zeros((INPUT, INPUT, 3), np.uint8)
    assert isinstance(load_drawn_face(tmp_path).find(picture), list)
    card = json.loads((tmp_path / "drawn_face.json").read_text())
    assert card["name"] == "toy"
    assert (tmp_path / "drawn_face.safetensors").stat().st_size < 3 << 20


def test_other_weights_than_those_of_the_card_are_refused(tmp_path):
    shutil.copytree(DRAWN_FACE, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "drawn_face.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelFilesError, match="the card names other weights"):
        load_drawn_face(tmp_path)
    path.unlink()
    with pytest.raises(ModelFilesError, match=r"drawn_face\.safetensors: .* install facetrail again"):
        load_drawn_face(tmp_path)
