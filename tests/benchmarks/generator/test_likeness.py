from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.generator import likeness


def test_missing_networks_are_said_with_the_way_to_them_and_their_measures_left_out(monkeypatch, tmp_path: Path):
    monkeypatch.setattr(likeness, "find_spec", lambda _: None)
    monkeypatch.setattr(likeness, "imagenet_file", lambda: tmp_path / "absent.safetensors")
    found = likeness.Likeness()
    assert [line.rpartition(": ")[2] for line in found.missing] == [
        "pip install dlib-bin face_recognition_models",
        "facetrail models get imagenet-lite0",
    ]
    picture = np.zeros((64, 64, 3), np.uint8)
    assert found.measure(picture, picture, np.zeros((4, 2)), np.ones((64, 64), bool)) == {}
