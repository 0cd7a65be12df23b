"""Every distortion of every suite keeps the same promises."""

import cv2
import numpy as np
import pytest

from forensics.distortions import (
    DISTORTIONS,
    SUITES,
    distort,
    find_cell,
    find_distortion,
    find_suite,
    gather_cells,
    suites,
)
from forensics.errors import InputError

CHANGING = [one for one in DISTORTIONS if not one.name.startswith("crop:")]
LADDERS = [one for one in CHANGING if len(one.levels) > 1 and one.recipe is None]
SHRINKING = ("resize:",)


def clip(frames=2, height=256, width=264):
    """Detail at every scale, so that every loss of detail shows."""
    rng = np.random.default_rng(0)
    octaves = [(2**power, 4.0 + 3 * power) for power in range(7)]
    detail = [
        cv2.resize(rng.normal(0, depth, (height // scale + 2, width // scale + 2, 3)), (width, height))
        for scale, depth in octaves
    ]
    still = 128 + sum(detail)
    return (still + rng.normal(0, 2, (frames, height, width, 3))).clip(0, 255).astype(np.uint8)


def harm(name, severity, frames):
    changed = distort(frames, name, severity, np.random.default_rng(0)).astype(int)
    if name.startswith(SHRINKING):
        return frames[0].size / changed[0].size
    return np.abs(changed - frames).mean()


@pytest.mark.parametrize("one", CHANGING, ids=lambda one: one.name)
def test_a_distortion_changes_frames_and_leaves_its_input_alone(one):
    frames = clip()
    before = frames.copy()
    changed = distort(frames, one.name, 1, np.random.default_rng(0))
    assert changed.dtype == np.uint8
    assert changed.shape == frames.shape or one.name.startswith(SHRINKING)
    assert not np.array_equal(changed, frames)
    assert np.array_equal(frames, before)


@pytest.mark.slow
@pytest.mark.parametrize("one", LADDERS, ids=lambda one: one.name)
def test_more_severity_does_more_harm(one):
    harms = [harm(one.name, severity, clip()) for severity in range(1, len(one.levels) + 1)]
    assert harms[0] > 0
    assert harms == sorted(set(harms))


@pytest.mark.parametrize("one", CHANGING, ids=lambda one: one.name)
def test_equal_generators_distort_alike(one):
    first, again = (distort(clip(), one.name, 1, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first, again)


@pytest.mark.parametrize("one", CHANGING, ids=lambda one: one.name)
def test_a_small_still_of_odd_size_is_distorted_too(one):
    changed = distort(clip(1, 47, 33), one.name, 1, np.random.default_rng(0))
    assert changed.shape[0] == 1
    assert changed.shape[1:3] == ((35, 25) if one.name.startswith(SHRINKING) else (47, 33))


def test_the_suites_hold_the_cells_they_are_known_for():
    sizes = {suite.name: len(suite.cells) for suite in SUITES}
    assert sizes["everyday"] == 21
    assert sizes["deeperforensics1"] == 35
    assert sizes["resize"] == 15
    assert len(sizes) == len(SUITES)
    assert [(cell.severity, cell.parameter) for cell in find_suite("h264").cells] == [
        (1, "crf 18"), (2, "crf 23"), (3, "crf 28"), (4, "crf 35"), (5, "crf 40"),
    ]  # fmt: skip


def test_no_two_distortions_share_a_name():
    known = [name for one in DISTORTIONS for name in (one.name, *one.aliases)]
    assert len(known) == len(set(known))


def test_cells_of_several_suites_are_gathered_once():
    cells, absent = gather_cells(["platform:instagram", "platform", "mark"])
    assert len(cells) == len(find_suite("platform").cells) + 1
    assert cells[0].name == "platform:instagram"
    assert absent == ()


def test_cells_whose_encoder_is_absent_are_told_and_not_dropped(monkeypatch):
    monkeypatch.setattr(suites, "has_encoder", lambda name: name != "libx265")
    cells, absent = gather_cells(["h264", "h265"])
    assert {cell.name for cell in cells} == {"h264:crf"}
    assert [cell.parameter for cell in absent] == ["crf 18", "crf 23", "crf 28", "crf 35", "crf 40"]


@pytest.mark.parametrize(
    ("find", "name", "message"),
    [
        (find_distortion, "jpg", "nearest: jpeg"),
        (find_suite, "deeperforensics", "nearest: deeperforensics1"),
        (lambda name: find_cell(name, 4), "blur", "severities 1 to 3, got 4"),
    ],
)
def test_an_unknown_name_or_severity_is_answered_with_what_there_is(find, name, message):
    with pytest.raises(InputError, match=message):
        find(name)


@pytest.mark.parametrize("frames", [clip()[0], clip()[:0], clip().astype(float)])
def test_what_is_no_clip_is_refused(frames):
    with pytest.raises(InputError, match="frames"):
        distort(frames, "blur", 1, np.random.default_rng(0))


def test_noise_has_the_stated_strength_and_follows_the_generator():
    grey = np.full((4, 64, 64, 3), 128, np.uint8)
    first, other = (distort(grey, "noise", 3, np.random.default_rng(seed)).astype(int) - 128 for seed in (0, 1))
    assert first.std() == pytest.approx(10, rel=0.05)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first[0], first[1])


def test_gamma_keeps_black_and_white():
    ends = np.zeros((1, 8, 8, 3), np.uint8)
    ends[:, 4:] = 255
    assert np.array_equal(distort(ends, "gamma", 3, np.random.default_rng(0)), ends)
