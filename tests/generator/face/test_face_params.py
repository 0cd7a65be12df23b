from __future__ import annotations

import numpy as np
import pytest

from generator import DriveSequence, FaceModelError, FaceParams, MotionFileError
from generator.avatars import sample_motion
from generator.face.face_params import LAYOUTS

SHAPE = np.zeros(120, np.float32)


def test_a_saved_motion_comes_back_unchanged(tmp_path):
    drive = sample_motion(np.random.default_rng(0), SHAPE, 7)
    drive.save(tmp_path / "m.npz")
    again = DriveSequence.load(tmp_path / "m.npz")
    for name in ("shape", "expression", "pose", "gaze", "camera"):
        np.testing.assert_array_equal(getattr(again, name), getattr(drive, name))
    assert again.fps == drive.fps and [p.name for p in tmp_path.iterdir()] == ["m.npz"]


@pytest.mark.parametrize("content", [b"", b"no motion", b"PK\x03\x04" + b"\0" * 60])
def test_a_file_that_is_no_motion_is_refused_by_name(tmp_path, content):
    path = tmp_path / "odd.npz"
    path.write_bytes(content)
    with pytest.raises(MotionFileError, match=r"odd\.npz.*facetrail track"):
        DriveSequence.load(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fps", 0.0),
        ("fps", -1.0),
        ("expression", np.zeros((3, 5))),
        ("pose", np.full((7, 3), np.nan)),
        ("camera", np.zeros((6, 3))),
    ],
)
def test_a_motion_with_wrong_arrays_is_refused(tmp_path, name, value):
    sample_motion(np.random.default_rng(0), SHAPE, 7).save(tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz") as data:
        arrays = dict(data)
    arrays[name] = value
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(MotionFileError, match=r"bad\.npz"):
        DriveSequence.load(tmp_path / "bad.npz")


def test_a_pickle_inside_a_motion_file_is_never_opened(tmp_path):
    np.savez(tmp_path / "evil.npz", shape=np.array([{"a": 1}], dtype=object))
    with pytest.raises(MotionFileError):
        DriveSequence.load(tmp_path / "evil.npz")


def flame_drive(frames=4):
    rng = np.random.default_rng(2)
    parts = [rng.normal(0, 0.1, shape).astype(np.float32) for shape in ((100,), (frames, 55), (frames, 3), (frames, 2))]
    return DriveSequence(*parts, np.full((frames, 3), 0.5, np.float32), 25.0, "flame")


def test_the_face_model_stays_with_the_motion(tmp_path):
    drive = flame_drive()
    drive.save(tmp_path / "m.npz")
    again = DriveSequence.load(tmp_path / "m.npz")
    assert again.face_model == again[0].face_model == again.take([1]).face_model == "flame"
    np.testing.assert_array_equal(again.expression, drive.expression)


@pytest.mark.parametrize("name", ["arkit", "smpl"])
def test_a_motion_of_another_face_model_than_it_says_is_refused(tmp_path, name):
    flame_drive().save(tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz") as data:
        np.savez(tmp_path / "bad.npz", **{**dict(data), "face_model": np.array(name)})
    with pytest.raises(MotionFileError, match=rf"bad\.npz: .*{name}"):
        DriveSequence.load(tmp_path / "bad.npz")


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layouts_limits_fit_its_names_and_hold_the_neutral_face(name):
    layout = LAYOUTS[name]
    assert len(layout.low) == len(layout.high) == len(layout.expression) == len(set(layout.expression))
    assert (layout.low <= 0).all() and (layout.high > 0).all()
    assert not set(layout.eyes) & set(layout.mouth)
    assert FaceParams.neutral(face_model=name).shape.shape == (layout.shape_size,)


def test_parameters_of_the_wrong_size_are_refused():
    p = FaceParams.neutral(face_model="flame")
    with pytest.raises(FaceModelError, match=r"shape has shape \(100,\), expected \(120,\) for face model 'arkit'"):
        FaceParams(p.shape, p.expression, p.pose, p.gaze, p.camera, "arkit")
