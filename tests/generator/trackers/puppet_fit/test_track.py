from __future__ import annotations

import cv2
import numpy as np
import pytest

from generator.errors import MissingPackageError, NoFaceError, TrackerError
from generator.face.face_params import EXPRESSION, FaceParams
from generator.puppets import render, sample_motion, sample_puppet
from generator.trackers import FaceMesh, MeshFace, track_clip, track_still
from generator.trackers.drive_smoothing import smooth_drive
from generator.trackers.face_mesh import networks
from generator.trackers.face_mesh.follow import check_gaps
from generator.trackers.puppet_fit.mesh_bias import MESH_BIAS
from generator.trackers.puppet_fit.mesh_calibration import measure_bias
from generator.trackers.puppet_fit.track import fit_drive

BLINK = EXPRESSION.index("blink_l")


class BlindMesh:
    """Find no face in the given frames."""

    def __init__(self, missing):
        self.missing = missing
        self.frame = -1

    def track(self, _image, _previous=None):
        self.frame += 1
        return None if self.frame in self.missing else MeshFace(np.eye(468, 3), np.zeros((2, 2)), 1.0)


def read(path):
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


def read_clip(path, start, stop):
    import av

    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return np.stack(frames[start:stop])


def test_absent_package_is_named_with_the_command_that_installs_it(monkeypatch, tmp_path):
    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr(networks.importlib, "import_module", absent)
    with pytest.raises(MissingPackageError, match=r'pip install "facetrail\[track\]"'):
        networks.Network(tmp_path / "any.tflite")


@pytest.mark.parametrize(("shape", "fps"), [((0, 64, 64, 3), 25.0), ((3, 64, 64), 25.0), ((2, 64, 64, 3), 0.0)])
def test_clip_without_frames_or_rate_is_refused(shape, fps):
    with pytest.raises(TrackerError, match="T >= 1 and fps > 0 expected"):
        track_clip(np.zeros(shape, np.uint8), fps, mesh=BlindMesh(()))


def test_long_gap_is_refused_with_its_frames():
    frames = np.zeros((60, 8, 8, 3), np.uint8)
    with pytest.raises(NoFaceError, match=r"frames 10 to 29 \(0\.8 s"):
        track_clip(frames, 25.0, mesh=BlindMesh(range(10, 30)))


def test_clip_without_any_face_is_refused():
    with pytest.raises(NoFaceError, match="any of 3 frames"):
        track_clip(np.zeros((3, 8, 8, 3), np.uint8), 25.0, mesh=BlindMesh(range(3)))


@pytest.mark.parametrize("missing", [range(0, 12), range(10, 22), range(48, 60), ()])
def test_gaps_of_half_a_second_are_bridged(missing):
    known = np.ones(60, bool)
    known[list(missing)] = False
    check_gaps(known, 24.0)


@pytest.mark.slow
def test_bridged_frames_lie_between_their_neighbours():
    rng = np.random.default_rng(0)
    puppet = sample_puppet(rng, "toon")
    motion = sample_motion(rng, puppet, 20, 25.0)
    size = 256
    frames = [render(puppet, motion[t], size).landmarks.astype(np.float64) / size for t in range(20)]
    points = np.stack([np.stack([f[:, 0], -f[:, 1], np.zeros(68)], -1) for f in frames])
    known = np.ones(20, bool)
    known[[0, 8, 9, 10]] = False
    irises = points[known][:, [36, 45], :2]
    drive = fit_drive(points[known], irises, known, 25.0)
    assert len(drive) == 20
    np.testing.assert_allclose(drive.pose[9], (drive.pose[7] + drive.pose[11]) / 2, atol=1e-5)
    np.testing.assert_allclose(drive.camera[0], drive.camera[1])
    assert len(smooth_drive(drive)) == 20


@pytest.mark.parametrize("name", ["s3", "s6", "s7", "s10", "d12"])
def test_painted_sculpted_drawn_and_real_faces_are_found(mesh, faces, name):
    image = read(faces / f"{name}.jpg")
    params = track_still(image, mesh=mesh)
    assert isinstance(params, FaceParams)
    assert params.shape.shape == (16,)
    assert 0.1 < params.camera[0] < 0.6
    if name == "s10":  # the person looks over her shoulder, to the picture's left
        assert params.pose[0] < np.radians(-25)


def test_face_is_found_small_in_a_corner_large_and_by_box(mesh, faces):
    image = read(faces / "s7.jpg")
    canvas = np.full((1500, 1800, 3), 90, np.uint8)
    canvas[1150:1350, 1500:1700] = cv2.resize(image, (200, 200), interpolation=cv2.INTER_AREA)
    left, top, right, bottom = mesh.find(canvas).box
    assert 1500 < left < right < 1700
    assert 1150 < top < bottom < 1350
    filled = image[250:650, 250:650]
    assert mesh.find(np.ascontiguousarray(filled)).presence > 0.5
    boxed = mesh.find(image, (200, 200, 700, 750))
    np.testing.assert_allclose(boxed.box, mesh.find(image).box, atol=25)


def test_pictures_without_a_face_are_refused_with_the_choices(mesh):
    with pytest.raises(NoFaceError, match="give its box"):
        track_still(np.full((200, 300, 3), 127, np.uint8), mesh=mesh)
    with pytest.raises(NoFaceError, match="at least 48 px"):
        track_still(np.zeros((40, 400, 3), np.uint8), mesh=mesh)
    with pytest.raises(NoFaceError, match="correct the box"):
        track_still(np.zeros((100, 100, 3), np.uint8), box=(50, 50, 20, 80), mesh=mesh)


@pytest.mark.slow
def test_real_blink_closes_both_eyes(mesh, faces):
    drive = track_clip(read_clip(faces / "d18.mp4", 70, 120), 30.0, mesh=mesh)
    assert drive.expression[24:28, BLINK : BLINK + 2].max(0).min() > 0.9
    assert drive.expression[:15, BLINK].max() < 0.2


@pytest.mark.slow
def test_clip_of_one_frame_works(mesh, faces):
    drive = track_clip(read_clip(faces / "d19.mp4", 0, 1), 30.0, mesh=mesh)
    assert len(drive) == 1


@pytest.mark.slow
def test_puppets_motion_is_read_back(mesh):
    rng = np.random.default_rng(1)
    puppet = sample_puppet(rng, "gloss")
    truth = sample_motion(rng, puppet, 50, 25.0)
    frames = np.stack([render(puppet, truth[t], 256).image for t in range(50)])
    drive = track_clip(frames, 25.0, mesh=mesh)
    for name in ("blink_l", "jaw_open"):
        channel = EXPRESSION.index(name)
        assert np.corrcoef(drive.expression[:, channel], truth.expression[:, channel])[0, 1] > 0.8
    assert np.degrees(np.abs(drive.pose - truth.pose).mean(0)).max() < 5


@pytest.mark.slow
@pytest.mark.parametrize("style", ["toon", "clay", "pixel"])
def test_landmarks_of_a_drawn_face_give_its_pose_and_size(mesh, style):
    """This also holds where the networks find no face, or misread it."""
    rng = np.random.default_rng(11)
    puppet = sample_puppet(rng, style)
    truth = sample_motion(rng, puppet, 10, 25.0)[5]
    frame = render(puppet, truth, 256)
    params = track_still(frame.image, landmarks=frame.landmarks.astype(np.float64), mesh=mesh)
    assert np.degrees(np.abs(params.pose - truth.pose)).max() < 8
    assert params.camera[0] == pytest.approx(truth.camera[0], rel=0.12)


def test_box_chooses_the_face_of_the_first_frame(mesh, faces):
    face = cv2.resize(read(faces / "s7.jpg"), (300, 300), interpolation=cv2.INTER_AREA)
    pair = np.hstack([face, face])
    frames = np.stack([pair, pair])
    left, right = (track_clip(frames, 25.0, box=(x, 60, x + 200, 260), mesh=mesh) for x in (50, 350))
    assert left.camera[0, 1] < 0.5 < right.camera[0, 1]


@pytest.mark.slow
def test_bias_table_is_what_fresh_puppets_show(mesh: FaceMesh):
    measured, pictures = measure_bias(mesh, np.random.default_rng(123), 2)
    assert pictures > 15
    assert np.corrcoef(measured.ravel(), MESH_BIAS.ravel())[0, 1] > 0.9
