"""Measures of generated clips, each against brute force or a value that is known beforehand."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.evaluation import EvaluationError, MetricError
from forensics.evaluation.generator_quality.cases import (
    COPY,
    GEOMETRY,
    STILL,
    TRUTH,
    Case,
    Truth,
    baselines,
    draw_truth,
    sample_case,
)
from forensics.evaluation.generator_quality.generation import Plan, find_styles, measure_generator
from forensics.evaluation.generator_quality.movement import SkinFlow, exact_flow, flicker, warping_error
from forensics.evaluation.generator_quality.pictures import l1, regions_of
from forensics.evaluation.generator_quality.reading import Reader, Readings, reading_errors, true_readings
from forensics.evaluation.generator_quality.statistics import clustered_interval, correlation, rotation_angle
from generator import FaceParams, Retarget, align
from generator.avatars import MATERIALS, Avatar, avatar_truth, coefficients, render, sample_avatar
from generator.picture_metrics import psnr, ssim_map
from generator.trackers import ModelFilesError

SIZE = 160


def textured(rng: np.random.Generator, size: int = 64) -> np.ndarray:
    """A smooth picture with detail everywhere."""
    return cv2.resize(rng.integers(0, 255, (12, 12, 3), np.uint8), (size, size), interpolation=cv2.INTER_CUBIC)


@pytest.fixture(scope="module")
def avatar() -> Avatar:
    return sample_avatar(3, "real")


@pytest.fixture(scope="module")
def case() -> Case:
    return sample_case(1, 2, ("flat", "pixel", "cartoon"), 3, SIZE)


@pytest.fixture(scope="module")
def truth(case: Case) -> Truth:
    return draw_truth(case, align(case.params, case.drive, Retarget()))


@pytest.fixture(scope="module")
def reader() -> Reader:
    try:
        return Reader()
    except ModelFilesError:
        pytest.skip("the networks are not installed; run: facetrail models get face-mesh")


def at_rest(avatar: Avatar, **expression: float) -> FaceParams:
    """The avatar without a pose, in the middle of the picture, with some coefficients set."""
    return replace(
        avatar.params(),
        expression=coefficients(expression),
        pose=np.zeros(3, np.float32),
        camera=np.array([0.3, 0.5, 0.5], np.float32),
    )


def readings(avatar: Avatar, *moments: FaceParams, size: int = SIZE) -> Readings:
    return true_readings(avatar, moments, [avatar_truth(avatar, moment, size, samples=1) for moment in moments])


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
    labels[:2, :3] = MATERIALS.index("left_iris")
    labels[10:, :] = MATERIALS.index("hair")
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
    assert warping_error(before, now, SkinFlow(np.stack([x - dx, y - dy], -1), inside)) == 0
    if (dx, dy) != (0, 0):
        assert warping_error(before, now, SkinFlow(np.stack([x, y], -1), inside)) > 0


def test_the_exact_flow_of_a_moved_camera_is_the_movement_of_the_camera(avatar: Avatar) -> None:
    params = at_rest(avatar)
    moved = replace(params, camera=params.camera + np.array([0, 6 / SIZE, -4 / SIZE], np.float32))
    before, now = (avatar_truth(avatar, moment, SIZE, samples=1) for moment in (params, moved))
    flow = exact_flow(before, now)
    y, x = np.nonzero(flow.seen)
    assert len(x) > 1000
    assert np.abs(flow.places[y, x] - np.stack([x - 6, y + 4], -1)).max() < 0.1


def test_the_exact_flow_explains_a_turn_and_hides_what_turned_away(avatar: Avatar) -> None:
    params = at_rest(avatar)
    turned = replace(params, pose=np.array([0.25, 0.1, 0.05], np.float32))
    before, now = (avatar_truth(avatar, moment, SIZE, samples=1) for moment in (params, turned))
    pictures = [render(avatar, moment, SIZE).picture for moment in (params, turned)]
    flow = exact_flow(before, now)
    error = warping_error(pictures[0], pictures[1], flow)
    x, y = np.meshgrid(np.arange(SIZE, dtype=np.float32), np.arange(SIZE, dtype=np.float32), indexing="xy")
    still = warping_error(pictures[0], pictures[1], SkinFlow(np.stack([x, y], -1), flow.seen))
    assert error < still / 2
    assert 500 < flow.seen.sum() < (now.labels == MATERIALS.index("skin")).sum()


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


# --- readings --------------------------------------------------------------------------------------------------------


def test_errors_of_readings_are_zero_for_the_truth_and_leave_out_the_gaze_of_shut_eyes(avatar: Avatar) -> None:
    true = readings(avatar, at_rest(avatar), at_rest(avatar, eyeBlink=1))
    right = reading_errors(true, true)
    assert np.isnan(right["gaze_error"]).tolist() == [False, True]
    assert all(np.nan_to_num(values) == pytest.approx([0, 0], abs=0.05) for values in right.values())
    places = true.places.copy()
    places[:, 66, 1] += 0.25
    off = replace(true, places=places, pose=true.pose + np.float32([np.radians(20), 0, 0]))
    wrong = reading_errors(off, true)
    assert wrong["head_pose_error"] == pytest.approx([20, 20], abs=0.1)
    assert wrong["mouth_aperture_error"] == pytest.approx([0.25, 0.25], abs=0.01)
    assert wrong["lid_aperture_error"] == pytest.approx([0, 0])
    assert wrong["landmark_error"] == pytest.approx(0.25 / true.seen.sum(1))


def test_landmarks_that_are_covered_do_not_count(avatar: Avatar) -> None:
    true = readings(avatar, at_rest(avatar))
    places, seen = true.places.copy(), true.seen.copy()
    places[:, 0], seen[:, 0] = 100, False
    assert reading_errors(replace(true, places=places), replace(true, seen=seen))["landmark_error"] == pytest.approx(0)
    nothing = replace(true, seen=np.zeros_like(seen))
    assert np.isnan(reading_errors(true, nothing)["landmark_error"]).all()


def test_apertures_follow_lids_and_lips_and_not_the_size_of_the_picture(avatar: Avatar) -> None:
    moments = (at_rest(avatar), at_rest(avatar, eyeBlinkRight=1, jawOpen=0.8))
    large, small = readings(avatar, *moments), readings(avatar, *moments, size=80)
    assert large.lids[1, 0] < 0.6 * large.lids[0, 0]
    assert large.lids[1, 1] == pytest.approx(large.lids[0, 1], rel=0.05)
    assert large.mouth[1] > large.mouth[0] + 0.1
    assert small.lids == pytest.approx(large.lids, rel=1e-3)


def test_readings_are_joined_and_taken_apart(avatar: Avatar) -> None:
    both = readings(avatar, at_rest(avatar), at_rest(avatar, jawOpen=1))
    again = Readings.join([both[:1], both[1:]])
    assert np.array_equal(again.places, both.places)
    assert np.array_equal(again[np.array([1])].pose, both.pose[1:])


def test_the_face_mesh_reads_true_frames_well(avatar: Avatar, reader: Reader) -> None:
    turned = replace(at_rest(avatar), pose=np.array([0.3, 0, 0], np.float32))
    moments = (at_rest(avatar), turned, at_rest(avatar, mouthSmile=1))
    pictures = np.stack([render(avatar, moment, 256).picture for moment in moments])
    read = reader.read(pictures, np.stack([moment.camera for moment in moments]))
    errors = reading_errors(read, readings(avatar, *moments, size=256))
    assert errors["landmark_error"].max() < 0.1
    assert errors["head_pose_error"].max() < 8
    assert read.pose[1, 0] > 0.15
    corners = read.places[:, 54, 0] - read.places[:, 48, 0]
    assert corners[2] > corners[0] + 0.05


# --- cases -----------------------------------------------------------------------------------------------------------


def test_a_case_moves_then_rests_with_open_and_at_last_with_shut_eyes(case: Case) -> None:
    assert case.source.style == "cartoon"
    assert len(case.drive) == 3 + STILL + 1
    assert (case.drive.expression[3:-1] == 0).all() and (case.drive.pose[3:] == 0).all()
    assert case.drive.expression[-1].sum() == 2
    assert np.ptp(case.drive.expression[:3], 0).max() > 0
    again = sample_case(1, 2, ("flat", "pixel", "cartoon"), 3, SIZE)
    assert np.array_equal(again.picture, case.picture) and again.name == case.name
    assert not np.array_equal(sample_case(2, 2, ("flat", "pixel", "cartoon"), 3, SIZE).picture, case.picture)


def test_baselines_are_frames_of_the_truths_shape_and_a_copy_is_true_where_the_drive_rests(
    case: Case, truth: Truth
) -> None:
    found = baselines(case, truth)
    assert {frames.shape for frames in found.values()} == {(3 + STILL + 1, SIZE, SIZE, 3)}
    difference = np.abs(found[TRUTH].astype(int) - found[COPY])
    assert difference[4].max() <= 1 and difference[-1].max() > 50
    assert truth.readings.lids[-1].max() < 0.6 * truth.readings.lids[4].min()


def test_the_source_is_known_to_the_point_whatever_its_style(case: Case, truth: Truth) -> None:
    """Toon styles have proportions that no coefficient tells; the residual does."""
    from generator.geometry import face_in_picture
    from generator.trackers import MESH_INDEX

    told = face_in_picture(case.params, SIZE).points[MESH_INDEX] / SIZE
    true = truth.readings.places[4] * case.params.camera[0] + case.params.camera[1:]
    assert told == pytest.approx(true, abs=1e-3)
    untold = face_in_picture(replace(case.params, residual=None), SIZE).points[MESH_INDEX] / SIZE
    assert np.abs(untold - true).max() > 0.01


def test_styles_are_checked_by_name() -> None:
    assert find_styles(("sketch", "clay")) == ("clay", "sketch")
    with pytest.raises(EvaluationError, match="no avatar style is called 'oil'"):
        find_styles(("oil",))


def test_weights_of_other_heads_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from forensics.evaluation.generator_quality import generation
    from generator.network.config import TOY_SD15

    monkeypatch.setattr(generation, "read_sizes", lambda _: replace(TOY_SD15, face_model="flame"))
    with pytest.raises(EvaluationError, match="draws flame heads; truth is known for weights that draw avatars"):
        measure_generator("mini", Plan(1, 2))


@pytest.mark.slow
@pytest.mark.usefixtures("reader")
def test_geometry_is_nearer_to_the_truth_than_a_copy_and_the_truth_is_without_error() -> None:
    ours, copy, true = measure_generator(GEOMETRY, Plan(1, 2, ("cartoon",)))
    assert [report.detector for report in (ours, copy, true)] == [GEOMETRY, COPY, TRUTH]
    assert ours.detector_digest and not copy.detector_digest
    gain = ours.find("landmark_error_gain/frame", slice=f"whole, over {COPY}")
    assert gain is not None and gain.value > 0
    values = [report.find("closed_lid_ratio/video") for report in (ours, copy, true)]
    assert all(value is not None for value in values)
    opening = [value.value for value in values if value is not None]
    assert opening[2] < opening[1] and opening[0] < opening[1]
    exact = true.find("l1/frame")
    assert exact is not None and exact.value == 0
