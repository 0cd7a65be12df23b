"""The robustness grid."""

import numpy as np
import pytest

from forensics.errors import InputError
from forensics.evaluation import Clip, ScoresError, all_cells, robustness_grid


def clip(number):
    grain = 30 if number % 2 == 0 else 8
    frames = (128 + np.random.default_rng(number).normal(0, grain, (2, 32, 32, 3))).clip(0, 255).astype(np.uint8)
    return Clip(f"v{number}", (f"p{number % 6}",), number % 2, "plain", lambda: frames)


CLIPS = [clip(number) for number in range(12)]


def smoothness(video, frames):
    """Score by missing grain, as a detector would that looks for blur."""
    return float(np.exp(-np.abs(np.diff(frames.astype(float), axis=2)).mean() / 20))


def grid(**changes):
    settings = {"threshold": 0.5, "seed": 0, "cells": [("blur", 3), ("gamma", 1)], "replicates": 30}
    return robustness_grid(CLIPS, smoothness, **{**settings, **changes})


def value(measures, name, distortion):
    (found,) = [item.value for item in measures if (item.name, item.distortion) == (name, distortion)]
    return found


def test_the_grid_shows_false_alarms_that_the_auc_does_not():
    measures = grid()
    assert value(measures, "auc/video", "none") == 1
    assert value(measures, "fpr/video", "none") == 0
    assert value(measures, "fpr/video", "blur") == 1
    assert value(measures, "auc/video", "blur") > 0.9


def test_every_cell_has_its_distortion_severity_and_interval():
    measures = grid()
    assert [(item.distortion, item.severity) for item in measures[::4]] == [("none", 0), ("blur", 3), ("gamma", 1)]
    assert all(item.low <= item.value <= item.high for item in measures)
    assert {item.name for item in measures} == {"auc/video", "balanced_accuracy/video", "fpr/video", "tpr/video"}


def test_a_cell_does_not_depend_on_what_else_is_in_the_grid():
    alone = grid(cells=[("noise", 2)])
    among = grid(cells=[("jpeg", 1), ("noise", 2)])
    assert alone[-4:] == among[-4:]


def test_progress_reaches_the_total():
    seen = []
    grid(progress=lambda *step: seen.append(step))
    assert [done for done, *_ in seen] == list(range(1, 37))
    assert seen[-1] == (36, 36, "gamma", 1)


def test_the_whole_grid_is_every_distortion_at_three_severities():
    cells = list(all_cells())
    assert len(cells) == len(set(cells)) == 21
    assert ("h264", 3) in cells


def test_an_unknown_distortion_is_refused():
    with pytest.raises(InputError, match="nearest: blur"):
        grid(cells=[("blurr", 1)])


def test_a_score_that_is_no_number_is_refused():
    with pytest.raises(ScoresError, match="finite"):
        robustness_grid(CLIPS, lambda video, frames: float("nan"), threshold=0.5, seed=0, cells=[])
