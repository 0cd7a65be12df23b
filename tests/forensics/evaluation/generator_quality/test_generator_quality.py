"""Measures of generated clips, each against brute force or a value that is known beforehand."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.evaluation import MetricError
from forensics.evaluation.generator_quality.cases import STILL, WARP, baselines, draw_truth, sample_case
from forensics.evaluation.generator_quality.face_net import FACE_WINDOW, PARTS, Window
from forensics.evaluation.generator_quality.generation import find_styles
from forensics.evaluation.generator_quality.judge import Readings
from forensics.evaluation.generator_quality.landmark_distances import expression_distance, shape_distance
from forensics.evaluation.generator_quality.measuring import reading_errors
from forensics.evaluation.generator_quality.movement import Flow, exact_flow, flicker, warping_error
from forensics.evaluation.generator_quality.pictures import l1, regions_of
from forensics.evaluation.generator_quality.statistics import (
    clustered_interval,
    correlation,
    cosines,
    frechet_distance,
    rotation_angle,
    verification_auc,
)
from forensics.evaluation.generator_quality.true_values import apertures, face_places, leaned, mirrored, true_values
from generator import EXPRESSION, SHAPE, FaceParams, Retarget, align
from generator.picture_metrics import psnr, ssim_map
from generator.puppets import Puppet, render, sample_motion, sample_puppet


def textured(rng: np.random.Generator, size: int = 64) -> np.ndarray:
    """A smooth picture with detail everywhere."""
    return cv2.resize(rng.integers(0, 255, (12, 12, 3), np.uint8), (size, size), interpolation=cv2.INTER_CUBIC)


def puppet_of(seed: int, style: str = "flat") -> Puppet:
    return sample_puppet(np.random.default_rng(seed), style)  # type: ignore[arg-type]


def blinking(puppet: Puppet, left: float, right: float, jaw: float = 0.0) -> FaceParams:
    expression = np.zeros(len(EXPRESSION), np.float32)
    for name, value in (("blink_l", left), ("blink_r", right), ("jaw_open", jaw)):
        expression[EXPRESSION.index(name)] = value
    return replace(puppet.neutral(), expression=expression)


# --- pictures --------------------------------------------------------------------------------------------------------


def test_pictures_are_compared_inside_the_mask_only() -> None:
    rng = np.random.default_rng(0)
    truth = textured(rng)
    picture = truth.copy()
    where = np.zeros(truth.shape[:2], bool)
    where[:32] = True
    picture[32:] = 0
    assert psnr(picture, truth, where) == pytest.approx(10 * np.log10(255**2 / 1e-3))
    assert l1(picture, truth, where) == 0
    shifted = np.clip(truth.astype(int), 0, 245).astype(np.uint8)
    lighter = shifted + np.uint8(10)
    assert l1(lighter, shifted, where) == pytest.approx(10)
    assert psnr(lighter, shifted, where) == pytest.approx(10 * np.log10(255**2 / 100))


def test_structural_similarity_is_one_for_equal_pictures_and_falls_with_blur() -> None:
    truth = textured(np.random.default_rng(1))
    assert ssim_map(truth, truth).min() == pytest.approx(1)
    soft, softer = (cv2.GaussianBlur(truth, (0, 0), sigma) for sigma in (1.0, 3.0))
    assert 1 > ssim_map(soft, truth).mean() > ssim_map(softer, truth).mean()


def test_regions_come_from_the_true_labels_and_small_ones_are_left_out() -> None:
    labels = np.zeros((20, 20), np.uint8)
    labels[:2, :3] = 2
    labels[10:, :] = 4
    assert {name: int(where.sum()) for name, where in regions_of(labels)} == {
        "whole": 400, "hair": 200, "background": 194,
    }  # fmt: skip


# --- movement --------------------------------------------------------------------------------------------------------


@given(st.integers(-5, 5), st.integers(-5, 5), st.integers(0, 1000))
def test_a_frame_shifted_by_a_known_flow_has_no_warping_error(dx: int, dy: int, seed: int) -> None:
    before = textured(np.random.default_rng(seed))
    now = np.roll(before, (dy, dx), (0, 1))
    x, y = np.meshgrid(np.arange(64, dtype=np.float32), np.arange(64, dtype=np.float32), indexing="xy")
    inside = np.zeros((64, 64), bool)
    inside[8:-8, 8:-8] = True
    assert warping_error(before, now, Flow(np.stack([x - dx, y - dy], -1), inside)) == 0
    if (dx, dy) != (0, 0):
        assert warping_error(before, now, Flow(np.stack([x, y], -1), inside)) > 0


def test_the_exact_flow_of_a_moved_camera_is_the_movement_of_the_camera() -> None:
    puppet = puppet_of(3)
    params = puppet.neutral()
    moved = replace(params, camera=params.camera + np.array([0, 6 / 256, -4 / 256], np.float32))
    flow = exact_flow(render(puppet, params), render(puppet, moved), params)
    y, x = np.nonzero(flow.seen)
    assert len(x) > 3000
    wrong = np.abs(flow.places[y, x] - np.stack([x - 6, y + 4], -1)).max(1)
    assert np.quantile(wrong, 0.99) < 0.15
    assert wrong.mean() < 0.04


def test_the_exact_flow_explains_a_turn_and_hides_what_turned_away() -> None:
    puppet = puppet_of(4, "flat")
    params = puppet.neutral()
    turned = replace(params, pose=np.array([0.25, 0.1, 0.05], np.float32))
    before, now = render(puppet, params), render(puppet, turned)
    flow = exact_flow(before, now, params)
    error = warping_error(before.image, now.image, flow)
    size = len(now.image)
    x, y = np.meshgrid(np.arange(size, dtype=np.float32), np.arange(size, dtype=np.float32), indexing="xy")
    still = warping_error(before.image, now.image, Flow(np.stack([x, y], -1), flow.seen))
    assert error < still / 2
    assert flow.seen.sum() < ((now.labels == 1) & np.isfinite(now.coordinates).all(-1)).sum()


def test_flicker_is_the_mean_step_between_neighbours() -> None:
    frames = np.full((3, 4, 4, 3), 100, np.uint8)
    assert flicker(frames) == 0
    frames[1] = 103
    assert flicker(frames) == 3


# --- statistics ------------------------------------------------------------------------------------------------------


def test_correlation_is_numpys_and_refuses_what_does_not_vary() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random(30), rng.random(30)
    assert correlation(a, b) == pytest.approx(np.corrcoef(a, b)[0, 1])
    with pytest.raises(MetricError):
        correlation(a, np.ones(30))


def test_frechet_distance_of_known_gaussians() -> None:
    rng = np.random.default_rng(0)
    unit = rng.standard_normal((40_000, 3))
    assert frechet_distance(unit, unit) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(unit, unit + np.array([3, 0, 4])) == pytest.approx(25)
    assert frechet_distance(unit, 2 * unit) == pytest.approx(3, rel=0.03)
    with pytest.raises(MetricError):
        frechet_distance(unit, unit[:1])


def test_cosines_and_verification() -> None:
    a = np.array([[1.0, 0], [0, 2], [1, 1]])
    assert cosines(a, np.array([[2.0, 0], [1, 0], [0, 3]])) == pytest.approx([1, 0, 0.5**0.5])
    features = np.array([[1, 0.1], [1, -0.1], [0.1, 1], [-0.1, 1]])
    assert verification_auc(features, ("a", "a", "b", "b")) == 1
    assert verification_auc(features, ("a", "b", "a", "b")) == 0.25
    with pytest.raises(MetricError):
        verification_auc(features, ("a", "b", "c", "d"))


def test_rotation_angles_are_those_between_the_heads() -> None:
    zero = np.zeros((3, 3))
    poses = np.array([[np.radians(30), 0, 0], [0, np.radians(-20), 0], [0, 0, np.radians(10)]])
    assert rotation_angle(zero, poses) == pytest.approx([30, 20, 10], abs=1e-3)
    assert rotation_angle(poses, poses) == pytest.approx([0, 0, 0], abs=0.05)


def test_intervals_draw_identities_and_not_frames() -> None:
    rng = np.random.default_rng(0)
    identities = [f"p{number // 50}" for number in range(500)]
    values = np.repeat(rng.standard_normal(10), 50) + 0.01 * rng.standard_normal(500)
    found = clustered_interval(lambda rows: float(values[rows].mean()), identities, rng)
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high
    naive = 2 * 1.96 * values.std() / np.sqrt(500)
    assert found.high - found.low > 4 * naive
    alone = clustered_interval(lambda rows: float(values[rows].mean()), ["a"] * 500, rng)
    assert (alone.low, alone.high) == (None, None)


def test_distances_of_faces_count_what_shows() -> None:
    rng = np.random.default_rng(3)
    shapes, zeros = rng.standard_normal((4, 16)).astype(np.float32), np.zeros((4, 12), np.float32)
    assert shape_distance(shapes, shapes) == pytest.approx(np.zeros(4))
    wider, deeper = shapes.copy(), shapes.copy()
    wider[:, SHAPE.index("mouth_width")] += 1
    deeper[:, SHAPE.index("depth")] += 1
    assert (shape_distance(wider, shapes) > 0.005).all()
    assert shape_distance(deeper, shapes) == pytest.approx(np.zeros(4), abs=1e-6)
    smiling, twice = zeros.copy(), zeros.copy()
    smiling[:, EXPRESSION.index("smile")], twice[:, EXPRESSION.index("smile")] = 0.4, 0.8
    once = expression_distance(smiling, zeros, shapes)
    assert expression_distance(twice, zeros, shapes) == pytest.approx(2 * once, rel=1e-3)
    assert (once > 0.005).all()


def test_errors_of_readings_are_zero_for_the_truth_and_leave_out_the_gaze_of_shut_eyes() -> None:
    puppet = puppet_of(8)
    rows = np.stack(
        [
            true_values(puppet, params, render(puppet, params, 64))
            for params in (puppet.neutral(), blinking(puppet, 1, 1))
        ]
    )
    right = reading_errors(Readings.of(rows), Readings.of(rows))
    assert np.isnan(right["gaze_error"]).tolist() == [False, True]
    assert all(np.nan_to_num(values) == pytest.approx([0, 0], abs=0.05) for values in right.values())
    off = rows.copy()
    off[:, :16] += 2
    off[:, 35] += 0.25
    wrong = reading_errors(Readings.of(off), Readings.of(rows))
    assert wrong["shape_error"] == pytest.approx([2, 2])
    assert wrong["mouth_aperture_error"] == pytest.approx([0.25, 0.25])
    assert wrong["expression_error"] == pytest.approx([0, 0])


# --- what is true ----------------------------------------------------------------------------------------------------


def test_apertures_follow_lids_and_lips_and_not_the_size_of_the_picture() -> None:
    puppet = puppet_of(5)
    opened = apertures(render(puppet, blinking(puppet, 0, 0)), blinking(puppet, 0, 0))
    winking = apertures(render(puppet, blinking(puppet, 1, 0, 0.8)), blinking(puppet, 1, 0, 0.8))
    assert winking[0] == pytest.approx(0, abs=1e-3)
    assert winking[1] == pytest.approx(opened[1], rel=0.02)
    assert winking[2] > opened[2] + 0.1
    small = apertures(render(puppet, blinking(puppet, 0, 0), 128), blinking(puppet, 0, 0))
    assert small == pytest.approx(opened, rel=1e-3)


def test_readings_take_rows_apart_and_put_them_together() -> None:
    puppet = puppet_of(6)
    params = blinking(puppet, 0.5, 0.2, 0.3)
    row = true_values(puppet, params, render(puppet, params))[None]
    read = Readings.of(row)
    assert row.shape == (1, sum(PARTS.values()))
    assert np.array_equal(read.shape[0], puppet.shape)
    assert np.array_equal(read.expression[0], params.expression)
    assert np.array_equal(read.rows(), row)


def test_places_are_the_landmarks_of_the_drawn_frame_and_irises_follow_the_gaze() -> None:
    puppet = puppet_of(7)
    params = replace(
        blinking(puppet, 0.1, 0.3, 0.5), pose=np.float32([0.4, -0.1, 0.2]), camera=np.float32([0.3, 0.45, 0.55])
    )
    frame = render(puppet, params)
    row = true_values(puppet, params, frame)
    found = face_places(row)
    assert found[:68] == pytest.approx((frame.landmarks / 256 - params.camera[1:]) / params.camera[0], abs=1e-5)
    left, right = (row.copy() for _ in range(2))
    left[31], right[31] = -0.8, 0.8
    assert (face_places(right)[68:, 0] > face_places(left)[68:, 0] + 0.05).all()
    assert np.array_equal(face_places(right)[:68], face_places(left)[:68])


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1000), st.floats(-1, 1))
def test_mirrored_and_turned_truths_are_those_of_the_mirrored_and_turned_picture(seed: int, angle: float) -> None:
    puppet = puppet_of(seed)
    params = sample_motion(np.random.default_rng(seed), puppet, 3)[1]
    row = np.concatenate([puppet.shape, params.expression, params.pose, params.gaze, [0.1, 0.2, 0.3]]).astype(
        np.float32
    )
    assert np.array_equal(mirrored(mirrored(row)), row)
    there, mirror = face_places(row), face_places(mirrored(row))
    assert mirror[27:31] == pytest.approx(there[27:31] * (-1, 1), abs=1e-5)
    assert mirror[[45, 36, 69, 68]] == pytest.approx(there[[36, 45, 68, 69]] * (-1, 1), abs=1e-5)
    cos, sin = np.cos(angle), np.sin(angle)
    assert face_places(leaned(row, angle)) == pytest.approx(there @ np.array([[cos, -sin], [sin, cos]]), abs=1e-5)


def test_a_window_cuts_the_mirrored_and_turned_picture() -> None:
    picture, camera = textured(np.random.default_rng(4), 128), np.float32([0.3, 0.45, 0.5])
    window = Window(1.5, 0.2, 64)
    plain = window.cut(picture[None], camera[None])[0]
    assert np.array_equal(window.cut_one(picture, camera), plain)
    assert np.abs(window.cut_one(picture, camera, mirror=True)[:, ::-1].astype(int) - plain).max() <= 2
    middle = Window(1.5, 0.0, 64)
    quarter = middle.cut_one(picture, camera, np.pi / 2).astype(int)
    assert np.abs(quarter - np.rot90(middle.cut(picture[None], camera[None])[0])).max() <= 3


@pytest.mark.parametrize("window", [FACE_WINDOW, Window(2.0, 0.0, 64)])
def test_a_window_follows_the_camera_and_neither_pose_nor_expression(window: Window) -> None:
    picture = textured(np.random.default_rng(2), 128)
    camera = np.array([[0.3, 0.5, 0.5]], np.float32)
    cut = window.cut(picture[None], camera)
    larger = cv2.resize(picture, (256, 256), interpolation=cv2.INTER_LINEAR)
    assert np.abs(window.cut(larger[None], camera).astype(int) - cut).mean() < 2
    rolled = np.roll(picture, (8, -16), (0, 1))
    moved = camera + np.array([[0, -16 / 128, 8 / 128]], np.float32)
    assert np.abs(window.cut(rolled[None], moved).astype(int) - cut)[0, 8:-8, 8:-8].mean() < 1


# --- cases -----------------------------------------------------------------------------------------------------------


def test_a_case_moves_then_rests_with_open_and_at_last_with_shut_eyes() -> None:
    case = sample_case(1, 2, ("clay",), 3, 64)
    assert case.source.style == "clay"
    assert len(case.drive) == 3 + STILL + 1
    rest = case.drive.expression[3:-1]
    assert (rest == 0).all()
    assert case.drive.expression[-1].sum() == 2
    again = sample_case(1, 2, ("clay",), 3, 64)
    assert np.array_equal(again.picture, case.picture)
    assert not np.array_equal(sample_case(2, 2, ("clay",), 3, 64).picture, case.picture)


def test_baselines_are_frames_of_the_truths_shape_and_the_warp_beats_nothing_it_should_not() -> None:
    import torch

    case = sample_case(1, 3, ("flat",), 3, 64)
    truth = draw_truth(case, align(case.params, case.drive, Retarget("absolute")))

    class Same(torch.nn.Module):
        def encode(self, picture: torch.Tensor) -> torch.Tensor:
            return picture

        decode = encode

    found = baselines(case, truth, Same())
    assert {frames.shape for frames in found.values()} == {(3 + STILL + 1, 64, 64, 3)}
    assert np.array_equal(found["true frames"], found["codec ceiling"])
    assert truth.values[-1, -3:-1].max() == pytest.approx(0, abs=1e-3)
    everywhere = np.ones((64, 64), bool)
    resting = slice(3, 3 + STILL)
    warped = np.mean(
        [psnr(a, b, everywhere) for a, b in zip(found[WARP][resting], truth.pictures[resting], strict=True)]
    )
    assert warped > 25


def test_styles_are_checked_by_name() -> None:
    assert find_styles(("pencil", "clay")) == ("pencil", "clay")
    with pytest.raises(Exception, match="no puppet style is called 'oil'"):
        find_styles(("oil",))


def test_motion_of_the_puppets_varies_mouth_and_lids_enough_to_correlate() -> None:
    rng = np.random.default_rng(0)
    puppet = puppet_of(9)
    motion = sample_motion(rng, puppet, 40)
    rows = [apertures(render(puppet, motion[i], 64), motion[i]) for i in range(0, 40, 5)]
    assert np.ptp(rows, 0).min() > 0.02
