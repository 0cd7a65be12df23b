"""Test the windows over the frames of a clip."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors import list_detectors
from detectors.clip_windows import cut_windows, per_frame, window_starts

SPEC = list_detectors("toy_video")[0]


@given(st.integers(1, 9), st.integers(0, 40))
def test_windows_cover_every_frame_and_none_beyond(length, more):
    spec, count = replace(SPEC, frames=length), length + more
    starts = window_starts(count, spec)
    covered = {frame for start in starts for frame in range(start, start + length)}
    assert covered == set(range(count))
    assert len(starts) == -(-count // length)


def test_the_values_of_windows_come_back_as_means_over_frames():
    assert per_frame(np.array([0.2, 0.6]), 6, SPEC) == pytest.approx([0.2, 0.2, 0.4, 0.4, 0.6, 0.6])


def test_windows_hold_consecutive_frames():
    crops = np.arange(6, dtype=np.uint8)[:, None, None, None].repeat(3, axis=3)
    assert cut_windows(crops, SPEC)[:, :, 0, 0, 0].tolist() == [[0, 1, 2, 3], [2, 3, 4, 5]]
