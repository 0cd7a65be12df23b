import numpy as np
import pytest

from generator import DriveSequence, MotionFileError
from generator.puppets import sample_motion


def test_a_saved_motion_comes_back_unchanged(tmp_path, puppet):
    drive = sample_motion(np.random.default_rng(0), puppet, 7)
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
def test_a_motion_with_wrong_arrays_is_refused(tmp_path, puppet, name, value):
    sample_motion(np.random.default_rng(0), puppet, 7).save(tmp_path / "m.npz")
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
