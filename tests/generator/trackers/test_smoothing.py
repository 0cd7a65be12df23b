from __future__ import annotations

import math

import numpy as np
import pytest

from generator.trackers.smoothing import OneEuro, fill_gaps


def one_euro_by_the_paper(values, fps, cutoff, beta, speed_cutoff):
    """Compute algorithm 1 of Casiez et al. 2012, one number at a time."""

    def alpha(rate, frequency):
        tau = 1 / (2 * math.pi * frequency)
        return 1 / (1 + tau * rate)

    last, speed, out = None, 0.0, []
    for value in values:
        if last is None:
            last = value
        else:
            a = alpha(fps, speed_cutoff)
            speed = a * (value - last) * fps + (1 - a) * speed
            a = alpha(fps, cutoff + beta * abs(speed))
            last = a * value + (1 - a) * last
        out.append(last)
    return out


def test_filter_is_the_papers_algorithm():
    curve = np.random.default_rng(1).normal(size=(50, 3)).cumsum(0)
    smoothed = OneEuro(1.2, 0.4, 0.8).filter(curve, 25.0)
    for column in range(3):
        np.testing.assert_allclose(smoothed[:, column], one_euro_by_the_paper(curve[:, column], 25.0, 1.2, 0.4, 0.8))


def test_smoothing_calms_noise_and_keeps_the_level():
    noise = np.random.default_rng(2).normal(size=(400, 1))
    smoothed = OneEuro(1.0, 0.0).smooth(noise + 5, 25.0)
    assert smoothed.std() < 0.4 * noise.std()
    assert smoothed.mean() == pytest.approx(5 + noise.mean(), abs=0.05)


def test_smoothing_does_not_delay():
    time = np.arange(200) / 25
    wave = np.sin(2 * np.pi * 0.5 * time)[:, None]
    lags = range(-8, 9)
    both = OneEuro(1.5, 0.0).smooth(wave, 25.0)[20:-20, 0]
    fit = [np.dot(both, np.roll(wave[:, 0], lag)[20:-20]) for lag in lags]
    assert abs(list(lags)[int(np.argmax(fit))]) <= 1


def test_quick_motion_passes_where_slow_jitter_does_not():
    step = np.repeat([0.0, 1.0], 25)[:, None]
    assert OneEuro(0.5, 5.0).filter(step, 25.0)[28, 0] > 0.95
    assert OneEuro(0.5, 0.0).filter(step, 25.0)[28, 0] < 0.5


@pytest.mark.parametrize("frames", [1, 2])
def test_short_clips_are_left_as_they_are_or_between(frames):
    curve = np.arange(frames, dtype=np.float64)[:, None]
    smoothed = OneEuro(1.0, 0.0).smooth(curve, 30.0)
    assert smoothed.shape == (frames, 1)
    assert ((smoothed >= curve.min()) & (smoothed <= curve.max())).all()


def test_gaps_are_bridged_by_straight_lines_and_ends_are_held():
    curve = np.array([9.0, 1.0, 9.0, 9.0, 4.0, 9.0])[:, None, None] * np.ones((1, 2, 2))
    filled = fill_gaps(curve, np.array([False, True, False, False, True, False]))
    np.testing.assert_allclose(filled[:, 1, 0], [1, 1, 2, 3, 4, 4])
