"""Which face of a picture is meant, and which frame of a clip is the source."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from forensics.animation import source_faces
from forensics.animation.source_faces import best_frame, choose_face, several_faces
from forensics.errors import InputError
from generator.trackers import AvatarTracker, MeshFace
from watermark import encode_clip, open_clip

SIDE = 128


def face(left: float, top: float, side: float, turned: float = 0.0) -> MeshFace:
    """A face whose mesh fills a square, with eyes at its upper corners; the nose of a turned one lies beside."""
    points = np.zeros((468, 3))
    points[:, :2] = left + side / 2, top + side / 2
    points[33, :2], points[263, :2] = (left, top), (left + side, top)
    points[1, :2] = left + side * (0.5 + turned), top + side / 2
    points[10, :2] = left + side / 2, top + side
    return MeshFace(points, np.zeros((2, 2)), 1.0)


class SeeingTracker(AvatarTracker):
    """Sees the faces that it was told, whatever the picture shows."""

    def __init__(self, *faces: MeshFace) -> None:
        self.told = list(faces)

    def faces(self, image: np.ndarray, most: int = 12) -> list[MeshFace]:
        return self.told[:most]


PICTURE = np.zeros((SIDE, SIDE, 3), np.uint8)
TWO = face(10, 20, 60), face(90, 30, 30)


def test_a_face_is_chosen_by_its_number() -> None:
    assert choose_face(Path("a.png"), SeeingTracker(*TWO), PICTURE, 2) == (90, 30, 120, 60)


def test_a_number_that_is_not_there_lists_the_faces() -> None:
    with pytest.raises(InputError) as said:
        choose_face(Path("a.png"), SeeingTracker(*TWO), PICTURE, 3)
    assert str(said.value) == (
        "a.png: has no face 3; found were face 1 at 10,20 of 60×60 pixels; face 2 at 90,30 of 30×30 pixels"
    )
    with pytest.raises(InputError, match=r"a\.png: no face found, so there is no face 1; name its place with --box"):
        choose_face(Path("a.png"), SeeingTracker(), PICTURE, 1)


def test_several_faces_are_said_and_one_is_not() -> None:
    assert "shows 2 faces, and the first was taken" in several_faces(SeeingTracker(*TWO), PICTURE)
    assert several_faces(SeeingTracker(TWO[0]), PICTURE) == ""
    assert several_faces(object(), PICTURE) == ""  # type: ignore[arg-type]


def test_the_source_of_a_clip_is_its_sharpest_frontal_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frame 3 is the sharpest but turned away, frame 5 the sharpest of the others."""
    noise = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3)).astype(np.uint8)
    blurred = cv2.GaussianBlur(noise, (0, 0), 3)
    less = cv2.GaussianBlur(noise, (0, 0), 1.2)
    encode_clip(np.stack([blurred, blurred, blurred, noise, blurred, less, blurred]), tmp_path / "a.mp4", 25)
    turns = iter([0.02, 0.0, 0.05, 0.4, 0.0, 0.04, 0.0])
    monkeypatch.setattr(source_faces, "_seen", lambda *_: [face(20, 20, 80, next(turns))])
    index, frame = best_frame(open_clip(tmp_path / "a.mp4"), SeeingTracker())
    assert index == 5
    assert np.abs(frame.astype(int) - less).mean() < 20


def test_a_clip_without_a_face_is_no_source(tmp_path: Path) -> None:
    encode_clip(np.zeros((3, SIDE, SIDE, 3), np.uint8), tmp_path / "a.mp4", 25)
    with pytest.raises(InputError, match=r"a\.mp4: none of 3 frames looked at shows a face"):
        best_frame(open_clip(tmp_path / "a.mp4"), SeeingTracker())
