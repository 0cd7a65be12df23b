"""Track pictures and clips with the face mesh, where it is installed, and refuse what cannot be tracked."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from generator.avatars import avatar_landmarks, avatar_truth, render, sample_avatar, sample_motion
from generator.errors import MissingPackageError, NoFaceError
from generator.face.face_params import ARKIT_EXPRESSION, FaceParams
from generator.geometry import face_in_picture
from generator.trackers import MESH_INDEX, AvatarTracker
from generator.trackers.face_mesh import networks
from generator.trackers.face_mesh.follow import check_gaps

BLINKS = [ARKIT_EXPRESSION.index(name) for name in ("eyeBlinkLeft", "eyeBlinkRight")]
JAW = ARKIT_EXPRESSION.index("jawOpen")


@pytest.fixture(scope="module")
def tracker(mesh):
    return AvatarTracker(mesh)


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


@pytest.mark.parametrize("missing", [range(0, 12), range(10, 22), range(48, 60), ()])
def test_gaps_of_half_a_second_are_bridged(missing):
    known = np.ones(60, bool)
    known[list(missing)] = False
    check_gaps(known, 24.0)


@pytest.mark.parametrize("name", ["s3", "s6", "s7", "s10", "d12"])
def test_painted_sculpted_drawn_and_real_faces_are_found(tracker, faces, name):
    image = read(faces / f"{name}.jpg")
    params = tracker.track_still(image)
    assert isinstance(params, FaceParams)
    assert params.shape.shape == (120,)
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


def test_pictures_without_a_face_are_refused_with_the_choices(tracker):
    with pytest.raises(NoFaceError, match="give its box"):
        tracker.track_still(np.full((200, 300, 3), 127, np.uint8))
    with pytest.raises(NoFaceError, match="at least 48 px"):
        tracker.track_still(np.zeros((40, 400, 3), np.uint8))
    with pytest.raises(NoFaceError, match="correct the box"):
        tracker.track_still(np.zeros((100, 100, 3), np.uint8), box=(50, 50, 20, 80))


@pytest.mark.slow
def test_real_blink_closes_both_eyes(tracker, faces):
    drive = tracker.track_clip(read_clip(faces / "d18.mp4", 70, 120), 30.0)
    assert drive.expression[24:28, BLINKS].max(0).min() > 0.6
    assert drive.expression[:15, BLINKS].max() < 0.4


@pytest.mark.slow
def test_clip_of_one_frame_works(tracker, faces):
    drive = tracker.track_clip(read_clip(faces / "d19.mp4", 0, 1), 30.0)
    assert len(drive) == 1


@pytest.mark.slow
def test_an_avatars_motion_is_read_back(tracker):
    avatar = sample_avatar(1, "real")
    truth = sample_motion(np.random.default_rng(1), avatar.shape.values, 40, 25.0, avatar.params().camera)
    frames = np.stack([render(avatar, truth[t], 256).picture for t in range(40)])
    drive = tracker.track_clip(frames, 25.0)
    assert np.corrcoef(drive.expression[:, JAW], truth.expression[:, JAW])[0, 1] > 0.6
    assert np.degrees(np.abs(drive.pose - truth.pose).mean(0)).max() < 6


@pytest.mark.slow
@pytest.mark.parametrize("style", ["cartoon", "clay", "pixel"])
def test_landmarks_of_a_drawn_face_give_its_pose_and_place(tracker, style):
    """This also holds where the networks find no face, or misread it.

    The proportions of a style are no part of the head's shape, so its size is compared on the picture.
    """
    avatar = sample_avatar(11, style)
    params = avatar.params()
    landmarks = avatar_landmarks(avatar, params, avatar_truth(avatar, params, 256, samples=1))[0][MESH_INDEX]
    found = tracker.track_still(render(avatar, params, 256).picture, landmarks=landmarks.astype(np.float64))
    assert np.degrees(np.abs(found.pose - params.pose)).max() < 12
    placed = face_in_picture(found, 256).points[MESH_INDEX]
    apart = np.linalg.norm(placed - landmarks, axis=1).mean() / np.linalg.norm(landmarks[36] - landmarks[45])
    assert apart < 0.05


def test_box_chooses_the_face_of_the_first_frame(tracker, faces):
    face = cv2.resize(read(faces / "s7.jpg"), (300, 300), interpolation=cv2.INTER_AREA)
    pair = np.hstack([face, face])
    frames = np.stack([pair, pair])
    left, right = (tracker.track_clip(frames, 25.0, box=(x, 60, x + 200, 260)) for x in (50, 350))
    assert left.camera[0, 1] < 0.5 < right.camera[0, 1]
