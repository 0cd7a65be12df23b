"""Faces at known places in large pictures, in four turns, and after a scene cut."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from generator.errors import NoFaceError
from generator.trackers.face_mesh.face_detector import overlaps
from generator.trackers.face_mesh.face_mesh import MeshFace
from generator.trackers.face_mesh.follow import follow, shape_change
from generator.trackers.regions import Region

PORTRAIT = np.ascontiguousarray(astronaut()[:340, 60:400])


def on_canvas(portrait, width, height, left, top):
    canvas = np.full((height, width, 3), 90, np.uint8)
    canvas[top : top + len(portrait), left : left + portrait.shape[1]] = portrait
    return canvas


def side(box):
    return float((box[2:] - box[:2]).mean())


def test_a_small_face_in_a_large_picture_is_found_at_its_place(mesh):
    alone = mesh.find(PORTRAIT)
    scale = 56 / side(alone.box)
    size = round(len(PORTRAIT) * scale)
    picture = on_canvas(cv2.resize(PORTRAIT, (size, size), interpolation=cv2.INTER_AREA), 3000, 2000, 2201, 1402)
    (face,) = mesh.read_all(picture, 1)
    truth = alone.box * size / len(PORTRAIT) + (2201, 1402, 2201, 1402)
    assert overlaps(truth, face.box[None])[0] > 0.8


@pytest.mark.parametrize("width", [700, 1100, 1400])
def test_the_same_face_keeps_its_box_while_the_canvas_grows(mesh, width):
    first = mesh.find(on_canvas(PORTRAIT, 420, 640, 20, 0)).box
    grown = mesh.find(on_canvas(PORTRAIT, width, 640, 20, 0)).box
    assert np.abs(grown - first).max() <= 0.02 * side(first)


@pytest.mark.parametrize(("quarters", "turn"), [(0, 0), (1, 270), (2, 180), (3, 90)])
def test_a_turned_face_is_read_where_it_lies_and_its_turn_is_known(mesh, quarters, turn):
    picture = np.ascontiguousarray(np.rot90(PORTRAIT, quarters))
    (face,) = mesh.read_all(picture, 1)
    assert face.turn == turn
    down = face.points[152, :2] - face.points[10, :2]  # from forehead to chin
    expected = {0: (0, 1), 90: (-1, 0), 180: (0, -1), 270: (1, 0)}[turn]
    assert down @ expected > 0.9 * np.linalg.norm(down)


def test_a_turned_picture_cannot_be_tracked_and_the_way_out_is_named(mesh):
    picture = np.ascontiguousarray(np.rot90(PORTRAIT, 2))
    with pytest.raises(NoFaceError, match="turned by 180 degrees clockwise; turn the picture by 180 degrees"):
        mesh.find(picture)
    with pytest.raises(NoFaceError, match="in frame 0 is turned by 180 degrees clockwise; turn the clip"):
        follow(mesh, np.stack([picture, picture]))


def test_small_regions_of_a_large_picture_are_cut_as_from_the_picture_itself():
    picture = np.random.default_rng(0).integers(0, 256, (300, 420, 3), dtype=np.uint8)
    region = Region(301.3, 188.7, 60.0, 0.4)
    padded = np.pad(picture, ((600, 600), (600, 600), (0, 0)))
    far = Region(region.x + 600, region.y + 600, region.side, region.angle)
    np.testing.assert_allclose(region.cut(picture, 64), far.cut(padded, 64), atol=1.5 / 255)


class TwoPeople:
    """A mesh that reads the brightness of a frame as the width of its face."""

    def track(self, frame, previous=None):
        points = np.random.default_rng(1).normal(size=(468, 3)) * (1 + 0.2 * (frame.mean() > 100), 1, 1)
        return MeshFace(points * 20 + 50, np.zeros((2, 2)), 1.0)


def test_a_cut_to_another_person_is_said_with_its_frame_and_a_flash_is_not(caplog):
    dark, light = np.full((3, 64, 64, 3), 40, np.uint8), np.full((2, 64, 64, 3), 200, np.uint8)
    assert len(follow(TwoPeople(), np.concatenate([dark, light]))) == 5
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "probably another face from frame 3 on" in caplog.text
    caplog.clear()
    assert len(follow(TwoPeople(), np.concatenate([dark, dark + np.uint8(40)]))) == 6
    assert caplog.text == ""


def test_shape_change_is_blind_to_place_size_and_rotation():
    points = np.random.default_rng(0).normal(size=(468, 3))
    turn, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))
    turn *= np.sign(np.linalg.det(turn))
    face, moved = (MeshFace(one, np.zeros((2, 2)), 1.0) for one in (points, 3 * points @ turn + 7))
    assert shape_change(face, moved) == pytest.approx(0, abs=1e-9)
    wider = MeshFace(points * (1.2, 1, 1), np.zeros((2, 2)), 1.0)
    assert shape_change(face, wider) > 0.05
