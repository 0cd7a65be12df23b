from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from generator.errors import NoFaceError
from generator.trackers.drawn_face import DrawnFace
from generator.trackers.face_mesh import face_mesh
from generator.trackers.face_mesh.face_detector import Detection
from generator.trackers.face_mesh.face_mesh import FaceMesh, MeshFace, check_box
from generator.trackers.face_mesh.follow import of_one_network
from generator.trackers.regions import Region

KEYPOINTS = np.array([[40.0, 50], [60, 50], [50, 62], [50, 72], [32, 52], [68, 52]])


def detection(shift=0.0, score=0.8, size=1.0):
    box = np.array([30.0, 30, 30 + 40 * size, 30 + 50 * size])
    return Detection(box + shift, KEYPOINTS + shift, score)


def mesh_at(shift=0.0, presence=0.0):
    """Return a mesh whose eyes, nose and mouth lie on the keypoints; every other point is in the middle."""
    points = np.full((468, 3), 50.0)
    for indices, place in zip(((33, 133), (263, 362), (1,), (13, 14)), KEYPOINTS, strict=False):
        points[list(indices), :2] = place
    return MeshFace(points + shift, np.zeros((2, 2)), presence)


class ScriptedMesh(FaceMesh):
    """Return given detections and, at them, a mesh of a given presence with a given error."""

    def __init__(self, found, presence=1.0, off=0.0):
        self.found, self.presence, self.off = found, presence, off

    def detect(self, image, *, every_view=False):
        return self.found

    def _groups(self, image, thorough):
        return iter([self.found])

    def _turned(self, image):
        return []

    def _turn(self, image, detection):
        return detection

    def _refine(self, image, region):
        return self._read(image, self._read(image, region).region), True

    def _settle(self, image, region):
        return mesh_at(0.0, self.presence)

    def _read(self, image, region):
        return mesh_at(region.x - 50.0 + self.off, self.presence)


PICTURE = np.zeros((8, 8, 3), np.uint8)


def test_largest_face_is_read_first():
    face = ScriptedMesh([detection(0.0), detection(300.0, size=2.0)]).track(PICTURE)
    assert face.points[33, 0] > 300


def test_all_faces_are_read_the_largest_first_and_each_once():
    found = [detection(0.0), detection(300.0, size=2.0), detection(308.0, size=1.5), detection(600.0)]
    faces = ScriptedMesh(found).read_all(PICTURE, 8)
    assert [round(face.points[33, 0], -2) for face in faces] == [400, 0, 600]
    assert len(ScriptedMesh(found).read_all(PICTURE, 2)) == 2
    assert ScriptedMesh(found, presence=0.0, off=100.0).read_all(PICTURE, 8) == []


def test_lost_face_is_sought_next_to_where_it_was():
    mesh = ScriptedMesh([detection(300.0, size=2.0), detection(0.0)], presence=0.0)
    face = mesh.track(PICTURE, mesh_at(5.0))
    assert face.points[33, 0] < 100


@pytest.mark.parametrize(
    ("score", "off", "found"), [(0.8, 0.0, True), (0.8, 2.0, True), (0.8, 15.0, False), (0.5, 0.0, False)]
)
def test_denied_mesh_counts_only_where_a_sure_detection_confirms_it(score, off, found):
    face = ScriptedMesh([detection(score=score)], presence=0.0, off=off).track(PICTURE)
    assert (face is not None) is found


def test_next_frame_is_sought_around_the_mesh_with_the_eyes_level():
    face = mesh_at()
    region = face.region
    assert isinstance(region, Region)
    assert region.angle == pytest.approx(0)
    assert region.side == pytest.approx(1.5 * (face.box[2:] - face.box[:2]).max())


def test_a_box_that_can_hold_no_face_is_refused():
    assert check_box((10, 10, 26, 30), 100, 100) == (10, 10, 26, 30)
    with pytest.raises(NoFaceError, match="is 5x20 px, at least 16 px a side expected"):
        check_box((0, 0, 5, 20), 100, 100)


class ScriptedReader:
    """Read given drawn faces, upright or turned, and note what it was asked for."""

    def __init__(self, upright=(), turned=()):
        self.upright, self.turned, self.asked = upright, turned, []

    def find(self, image, *, turned=False):
        self.asked.append("turned" if turned else "upright")
        return list(self.turned if turned else self.upright)

    def read(self, image, region):
        self.asked.append("read")
        return self.upright[0]


def drawn(score=0.99, size=1.0):
    points = np.concatenate([mesh_at().points, np.full((10, 3), 50.0)])
    return DrawnFace(points * size, score, misfit=0.02, strangeness=0.8, mirror=0.01, overlap=0.95)


@pytest.fixture
def second_try(monkeypatch):
    def script(mesh, reader):
        mesh._drawings = True
        monkeypatch.setattr(face_mesh, "_drawn_face_reader", lambda: reader)
        return mesh

    return script


def test_the_network_for_drawings_is_asked_only_where_the_face_mesh_finds_nothing(second_try):
    reader = ScriptedReader([drawn()])
    face = second_try(ScriptedMesh([detection()]), reader).track(PICTURE)
    assert not face.drawn
    assert reader.asked == []
    face = second_try(ScriptedMesh([]), reader).track(PICTURE)
    assert face.drawn
    assert face.points.shape == (468, 3)
    np.testing.assert_array_equal(face.irises, [[50, 50], [50, 50]])


def test_a_doubtful_drawn_face_is_refused_and_turned_ones_are_sought_last(second_try):
    reader = ScriptedReader([drawn(score=0.3)], [drawn(score=0.3)])
    mesh = second_try(ScriptedMesh([]), reader)
    assert mesh.track(PICTURE) is None
    assert reader.asked == ["upright", "turned"]
    with pytest.raises(NoFaceError, match="as in a drawing"):
        mesh.find(np.zeros((64, 64, 3), np.uint8))


def test_drawn_faces_are_read_the_largest_first(second_try):
    mesh = second_try(ScriptedMesh([]), ScriptedReader([drawn(), drawn(size=3.0)]))
    assert [round(float(face.points[33, 0])) for face in mesh.read_all(PICTURE, 5)] == [120, 40]


def test_a_drawn_face_is_followed_by_the_network_that_found_it(second_try):
    reader = ScriptedReader([drawn()])
    mesh = second_try(ScriptedMesh([detection()]), reader)
    assert mesh.track(PICTURE, replace(mesh_at(), drawn=True)).drawn
    assert reader.asked == ["read"]


def test_in_a_given_box_the_network_for_drawings_reads_what_the_face_mesh_denies(second_try):
    picture, box = np.zeros((100, 100, 3), np.uint8), (20, 20, 80, 80)
    assert second_try(ScriptedMesh([], presence=0.1), ScriptedReader([drawn()])).find(picture, box).drawn
    assert not second_try(ScriptedMesh([], presence=0.1), ScriptedReader([drawn(score=0.2)])).find(picture, box).drawn
    assert not second_try(ScriptedMesh([], presence=0.9), ScriptedReader([drawn()])).find(picture, box).drawn


def test_a_clip_keeps_the_faces_of_the_network_that_read_most_frames():
    usual, other = mesh_at(), replace(mesh_at(), drawn=True)
    assert of_one_network([usual, None, other, usual]) == [usual, None, None, usual]
    assert of_one_network([other, usual, other]) == [other, None, other]
    assert of_one_network([None]) == [None]
