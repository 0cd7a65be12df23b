"""Gains of one method over another, on the same frames."""

from __future__ import annotations

import numpy as np
import pytest

from forensics.evaluation.generator_quality.differences import differences_of
from forensics.evaluation.generator_quality.measuring import Collected
from forensics.evaluation.generator_quality.statistics import clustered_interval


def collected(values: dict[tuple[str, str], np.ndarray], people: list[str]) -> Collected:
    found = Collected()
    found.values = {
        key: [(person, float(value)) for person, value in zip(people, row, strict=True)] for key, row in values.items()
    }
    return found


def test_a_gain_counts_towards_the_truth_and_is_paired_by_frame() -> None:
    rng = np.random.default_rng(0)
    people = [f"p{number // 4}" for number in range(40)]
    hardness = np.repeat(rng.normal(0, 4, 10), 4)
    psnr, l1 = 20 + hardness, 10 + hardness
    ours = collected({("psnr_db/frame", "eyes"): psnr + 0.5, ("l1/frame", "all"): l1 - 0.25}, people)
    other = collected({("psnr_db/frame", "eyes"): psnr + rng.normal(0, 0.05, 40), ("l1/frame", "all"): l1}, people)
    eyes, whole = differences_of(ours, {"copy": other}, rng)
    assert (eyes.name, eyes.slice, eyes.n_positive) == ("psnr_db_gain/frame", "eyes, over copy", 40)
    assert eyes.value == pytest.approx(0.5, abs=0.05)
    assert eyes.low is not None and eyes.low > 0.4
    assert (whole.name, whole.slice, whole.value) == ("l1_gain/frame", "whole, over copy", pytest.approx(0.25))
    single = clustered_interval(lambda rows: float(psnr[rows].mean()), people, rng)
    assert single.low is not None and single.high is not None
    assert single.high - single.low > 2  # each by itself would tell nothing


def test_measures_without_a_better_direction_and_single_styles_are_left_out() -> None:
    people = ["a", "b"]
    values = {("flicker/video", "all"): np.ones(2), ("psnr_db/frame", "style=flat"): np.ones(2)}
    assert (
        differences_of(collected(values, people), {"copy": collected(values, people)}, np.random.default_rng(0)) == ()
    )
