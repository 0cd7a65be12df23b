from __future__ import annotations

import json

import numpy as np
import pytest

from generator.errors import TrackerError
from generator.trackers import read_landmarks

POINTS = np.random.default_rng(0).uniform(0, 500, (68, 2)).round(2)
LINES = [f"{x} {y}" for x, y in POINTS]


def write(path, points):
    if path.suffix == ".npy":
        np.save(path, points)
    elif path.suffix == ".json":
        path.write_text(json.dumps(points.tolist()))
    elif path.suffix == ".pts":
        path.write_text("\n".join(["version: 1", "n_points: 68", "{", *LINES, "}"]))
    else:
        path.write_text("\n".join(LINES).replace(" ", "," if path.suffix == ".csv" else " "))
    return path


@pytest.mark.parametrize("suffix", ["npy", "json", "txt", "csv", "pts"])
def test_points_come_back_from_every_kind_of_file(tmp_path, suffix):
    np.testing.assert_array_equal(read_landmarks(write(tmp_path / f"face.{suffix}", POINTS)), POINTS)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.json", b"[[1, 2], [3]]", "68 points x, y in pixels expected"),
        ("a.json", b"{", "not a file of landmarks"),
        ("a.json", b'{"x": 1}', "68 points x, y in pixels expected"),
        ("a.txt", b"1 2\n3 4\n", r"shape \(2, 2\)"),
        ("a.txt", b"left eye\n", "not a file of landmarks"),
        ("a.txt", b"\xff\xfe\x00", "not a file of landmarks"),
        ("a.pts", b"1 2\n", "not a file of landmarks"),
        ("a.npy", b"1 2\n", "not a file of landmarks"),
        ("a.npy", b"", "not a file of landmarks"),
        ("a.txt", b"nan 1\n" * 68, "68 finite points"),
    ],
)
def test_what_is_no_landmark_file_is_refused_in_one_line(tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(TrackerError, match=said) as error:
        read_landmarks(path)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_absent_file_is_named(tmp_path):
    with pytest.raises(TrackerError, match=r"none\.txt: cannot be read"):
        read_landmarks(tmp_path / "none.txt")
