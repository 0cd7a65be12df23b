from __future__ import annotations

import pytest

from benchmarks.generator import likeness


def test_a_missing_network_is_said_with_the_way_to_it(monkeypatch):
    monkeypatch.setattr(likeness, "find_spec", lambda _: None)
    with pytest.raises(SystemExit, match="pip install dlib-bin face_recognition_models"):
        likeness.Likeness()
