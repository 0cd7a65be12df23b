from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forensics.examination.face_tracks import follow, overlap


def box(x: float, y: float = 50.0, side: float = 40.0) -> np.ndarray:
    return np.array([x, y, x + side, y + side], dtype=np.float32)


def test_two_people_who_walk_keep_their_tracks() -> None:
    frames = [frame for frame in range(10) for _ in range(2)]
    boxes = [box(at) for frame in range(10) for at in (10 + 8 * frame, 300 - 8 * frame)]
    tracks = follow(frames, boxes)
    assert [track.frames for track in tracks] == [list(range(10))] * 2
    assert sorted(tuple(track.rows) for track in tracks) == [tuple(range(0, 20, 2)), tuple(range(1, 20, 2))]


def test_the_only_person_is_followed_over_a_jump() -> None:
    tracks = follow([0, 1, 2], [box(0), box(200), box(400)])
    assert [track.rows for track in tracks] == [[0, 1, 2]]


def test_a_newcomer_begins_a_track_and_the_order_is_by_sightings_then_size() -> None:
    tracks = follow([0, 1, 1, 1, 2], [box(0), box(2), box(200), box(300, side=60), box(4)])
    assert [track.rows for track in tracks] == [[0, 1, 4], [3], [2]]


@given(
    st.lists(st.integers(0, 6), max_size=20).map(sorted),
    st.data(),
)
def test_every_face_stands_in_exactly_one_track_and_once_a_frame(frames: list[int], data: st.DataObject) -> None:
    boxes = [box(*data.draw(st.tuples(st.floats(0, 500), st.floats(0, 300), st.floats(1, 90)))) for _ in frames]
    tracks = follow(frames, boxes)
    assert sorted(row for track in tracks for row in track.rows) == list(range(len(frames)))
    for track in tracks:
        assert track.frames == [frames[row] for row in track.rows] == sorted(set(track.frames))


@pytest.mark.parametrize(
    ("first", "second", "share"),
    [(box(0), box(0), 1.0), (box(0), box(40), 0.0), (box(0), box(20), 1 / 3), (box(5, side=0), box(5, side=0), 0.0)],
)
def test_overlap_is_the_share_of_the_union(first: np.ndarray, second: np.ndarray, share: float) -> None:
    assert overlap(first, second) == pytest.approx(share)


@given(arrays(np.float32, (2, 4), elements=st.floats(-100, 100, width=32)))
def test_overlap_is_symmetric_and_a_share(boxes: np.ndarray) -> None:
    boxes = np.concatenate([np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])], axis=1)
    assert overlap(boxes[0], boxes[1]) == overlap(boxes[1], boxes[0])
    assert 0.0 <= overlap(boxes[0], boxes[1]) <= 1.0
