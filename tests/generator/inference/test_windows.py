from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import GenerationError
from generator.inference.windows import LONGEST, SHORTEST, lay_groups, lay_windows

lengths = st.integers(SHORTEST, LONGEST)
clips = st.integers(1, 400)
steps = st.integers(0, 60)


def edges(windows):
    return {window.start for window in windows} - {0}


@st.composite
def overlapping(draw):
    length = draw(lengths)
    return length, draw(st.integers(0, (length - SHORTEST) // 2))


@given(clips, st.integers(1, 16), st.data())
def test_groups_cover_every_frame_once_and_leave_those_apart_alone(frames, longest, data):
    apart = sorted(data.draw(st.sets(st.integers(0, frames - 1), max_size=4)))
    groups = lay_groups(frames, longest, apart)
    assert [frame for start, stop in groups for frame in range(start, stop)] == list(range(frames))
    assert all(0 < stop - start <= longest for start, stop in groups)
    assert {(frame, frame + 1) for frame in apart} <= set(groups)


@given(clips, overlapping(), steps)
def test_every_frame_is_covered_with_weights_that_add_up_to_one(frames, sizes, step):
    length, overlap = sizes
    total = np.zeros(frames)
    for window in lay_windows(frames, length, step, overlap):
        assert (window.weights > 0).all()
        total[window.start : window.stop] += window.weights
    np.testing.assert_allclose(total, 1, atol=1e-12)


@given(clips, overlapping(), steps)
def test_windows_run_forward_fit_the_temporal_modules_and_share_frames_with_neighbours_only(frames, sizes, step):
    length, overlap = sizes
    windows = lay_windows(frames, length, step, overlap)
    assert windows[0].start == 0 and windows[-1].stop == frames
    assert all(0 <= window.start < window.stop <= frames for window in windows)
    assert all(window.stop - window.start <= length for window in windows)
    for one, following in pairwise(windows):
        assert one.stop - following.start == overlap
    for one, last in zip(windows, windows[2:], strict=False):
        assert one.stop <= last.start


@given(st.integers(1, 400), lengths, steps)
def test_windows_without_overlap_denoise_each_frame_once_and_none_alone(frames, length, step):
    windows = lay_windows(frames, length, step)
    assert sum(window.stop - window.start for window in windows) == frames
    assert min(window.stop - window.start for window in windows) >= min(frames, 2 * length // 5)


@given(st.integers(1, 400), overlapping(), steps)
def test_no_border_stays_from_one_step_to_the_next(frames, sizes, step):
    length, overlap = sizes
    now, then = (lay_windows(frames, length, k, overlap) for k in (step, step + 1))
    if frames > length:
        assert edges(now) and not edges(now) & edges(then)


@given(st.integers(1, LONGEST), steps)
def test_a_clip_no_longer_than_a_window_is_one(frames, step):
    (window,) = lay_windows(frames, LONGEST, step)
    assert (window.start, window.stop) == (0, frames)


def test_no_two_of_four_steps_share_a_border_and_consecutive_ones_lie_well_apart():
    steps = [edges(lay_windows(240, 24, step)) for step in range(4)]
    assert len(set().union(*steps)) == sum(map(len, steps))
    for now, then in pairwise(steps):
        assert min(abs(a - b) for a in now for b in then) >= 3


@pytest.mark.parametrize(("length", "overlap"), [(11, 0), (33, 0), (24, 7), (24, -1)])
def test_windows_that_cannot_be_laid_are_refused(length, overlap):
    with pytest.raises(GenerationError, match="choose"):
        lay_windows(100, length, 0, overlap)
