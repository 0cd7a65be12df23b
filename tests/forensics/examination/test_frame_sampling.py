from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.examination.frame_sampling import (
    FEWEST_LOOKS,
    MOST_LOOKS,
    SECOND_LOOKS,
    SECOND_PLACES,
    first_look,
    second_look,
)

RATES = st.sampled_from([1.0, 12.5, 24.0, 29.97, 60.0])


@given(st.integers(1, 60 * 4 * 3600), RATES)
def test_the_first_look_is_even_bounded_and_reaches_both_ends(frame_count: int, fps: float) -> None:
    looked = first_look(frame_count, fps)
    assert looked == sorted(set(looked))
    assert (looked[0], looked[-1]) == (0, frame_count - 1)
    assert min(FEWEST_LOOKS, frame_count) <= len(looked) <= MOST_LOOKS
    steps = [after - before for before, after in pairwise(looked)]
    assert not steps or max(steps) - min(steps) <= 1


@given(st.floats(60, 4 * 3600 - 120), st.floats(0, 1), RATES)
def test_a_manipulated_minute_is_met_in_up_to_four_hours(seconds: float, place: float, fps: float) -> None:
    frame_count = int(seconds * fps)
    start = place * (seconds - 60)
    # One frame of tolerance: places are rounded to whole frames.
    assert any(start - 1 / fps <= frame / fps <= start + 60 + 1 / fps for frame in first_look(frame_count, fps))


@pytest.mark.slow
@given(st.data(), st.integers(200, 100_000), RATES)
def test_the_second_look_is_bounded_new_and_near_what_raised_it(data: st.DataObject, count: int, fps: float) -> None:
    looked = first_look(count, fps)
    scores = data.draw(st.lists(st.none() | st.floats(0, 1), min_size=len(looked), max_size=len(looked)))
    places = second_look(looked, scores, 0.5, count, fps)
    flat = [frame for place in places for frame in place]
    assert len(places) <= SECOND_PLACES
    assert all(len(place) <= SECOND_LOOKS and place == sorted(place) for place in places)
    assert len(flat) == len(set(flat))
    assert not set(flat) & set(looked)
    assert all(0 <= frame < count for frame in flat)
    suspicious = [frame for frame, score in zip(looked, scores, strict=True) if score is not None and score > 0.5]
    for place in places:
        assert any(all(abs(frame - peak) <= round(fps) for frame in place) for peak in suspicious)


def test_the_most_suspicious_place_comes_first_and_quiet_clips_get_none() -> None:
    looked = first_look(3000, 25.0)
    scores = [0.1] * len(looked)
    assert second_look(looked, scores, 0.5, 3000, 25.0) == []
    scores[20], scores[80] = 0.7, 0.9
    first, second = second_look(looked, scores, 0.5, 3000, 25.0)
    assert looked[80] in range(first[0], first[-1])
    assert looked[20] in range(second[0], second[-1])


def test_a_short_clip_is_not_looked_at_again() -> None:
    looked = first_look(75, 25.0)
    assert second_look(looked, [0.9] * len(looked), 0.5, 75, 25.0) == []
