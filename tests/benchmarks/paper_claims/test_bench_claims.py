"""Test the script that tests the paper's claims, especially errors that its results would not show."""

from __future__ import annotations

import csv
import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks.paper_claims import (
    arms,
    bench_claims,
    cases,
    drawing,
    findings,
    measuring,
    table,
    training,
    weighing,
)
from benchmarks.paper_claims.arms import FAMILIES, HELD_OUT, SEEN, Run, shown
from benchmarks.paper_claims.lessons import Lessons
from benchmarks.paper_claims.network import OneStep
from forensics.evaluation.generator_quality.cases import draw_truth
from forensics.evaluation.generator_quality.statistics import clustered_interval
from generator import DriveSequence, Retarget, align, draw_snapshot
from generator.face import SourceWarp
from generator.face.spatial_maps import MapRenderer
from generator.face_models import puppet_head
from generator.training.data.batch import collate

SMALL = arms.Plan(FAMILIES["normals"], per_domain=2, frames=2)


@pytest.fixture(scope="module")
def pair():
    return cases.pairing(1, SMALL)


@pytest.fixture(scope="module")
def example():
    return cases.Pairings("aligned", SMALL)[1]


@pytest.fixture(scope="module")
def model():
    """Return a network of which every part has an effect, unlike an untrained network."""
    torch.manual_seed(0)
    model = OneStep().eval()
    model.codec.basis.normal_()
    with torch.no_grad():
        for name, values in model.named_parameters():
            if "to_v_expression" in name or name.startswith(("denoiser.conv_out", "spatial_encoder.out")):
                values.normal_(0, 0.1)
    return model


def test_alignment_lets_nothing_of_the_drives_shape_in(pair, example):
    other = DriveSequence(
        -pair.drive.shape, pair.drive.expression, pair.drive.pose, pair.drive.gaze, pair.drive.camera, pair.drive.fps
    )
    swapped = align(pair.case.params, other, Retarget("absolute"))
    aligned = align(pair.case.params, pair.drive, Retarget("absolute"))
    for index in range(2):
        assert np.array_equal(cases.wanted(pair, index, "aligned").shape, pair.case.source.shape)
        assert np.array_equal(swapped[index].camera, aligned[index].camera)
    renderer = MapRenderer(puppet_head(), ("snapshot", "guides", "moved"), 128, pair.case.picture, pair.case.params)
    for index in range(2):
        for name, drawn in renderer(pair.truth.motion[index]).items():
            assert np.array_equal(example.maps[name][index].permute(1, 2, 0).numpy(), drawn)


def test_without_alignment_only_the_shape_is_the_drives(pair, example):
    other = cases.Pairings("drive-shape", SMALL)[1]
    for index in range(2):
        shown, aligned = cases.wanted(pair, index, "drive-shape"), pair.truth.motion[index]
        assert np.array_equal(shown.shape, pair.driver.shape)
        for name in ("expression", "pose", "gaze", "camera"):
            assert np.array_equal(getattr(shown, name), getattr(aligned, name))
        drawn = other.maps["snapshot"][index].permute(1, 2, 0).numpy()
        assert np.array_equal(drawn, draw_snapshot(replace(aligned, shape=pair.driver.shape), 64))
    assert torch.equal(other.expression, example.expression)
    assert torch.equal(other.target, example.target)
    assert not torch.equal(other.maps["snapshot"], example.maps["snapshot"])
    naive = cases.wanted(pair, 0, "drive-shape-camera")
    assert np.array_equal(naive.camera, pair.drive.camera[0])


def test_the_truth_is_the_source_in_the_drives_pose_and_expression(pair):
    again = draw_truth(pair.case, pair.truth.motion)
    assert np.array_equal(again.pictures, pair.truth.pictures)
    for name in ("expression", "pose", "gaze"):
        assert np.array_equal(getattr(pair.truth.motion, name), getattr(pair.drive, name))
    assert np.array_equal(pair.truth.motion.shape, pair.case.source.shape)
    assert np.sqrt(np.square(pair.driver.shape - pair.case.source.shape).mean()) >= cases.LEAST_DISTANCE


def test_the_normals_family_sees_normals_and_a_source_moved_at_rest(pair, example):
    before = {name: values.clone() for name, values in example.maps.items()}
    seen = shown(example.maps, FAMILIES["normals"])
    assert set(seen) == {"snapshot", "guides", "moved"}
    assert not seen["snapshot"][:, 3:].any()
    assert before["snapshot"][:, 3:].any()
    assert torch.equal(seen["snapshot"][:, :3], before["snapshot"][:, :3])
    assert all(torch.equal(example.maps[name], values) for name, values in before.items())
    whole = shown(example.maps, FAMILIES["mini"])
    assert set(whole) == set(seen)
    assert all(torch.equal(values, before[name]) for name, values in whole.items())
    warp = SourceWarp(pair.case.picture, pair.case.params)
    for index in range(2):
        posed = warp(replace(pair.truth.motion[index], expression=np.zeros(12, np.float32), gaze=np.zeros(2)))
        assert np.array_equal(seen["moved"][index].permute(1, 2, 0).numpy(), posed.moved)
        assert not np.array_equal(whole["moved"][index].permute(1, 2, 0).numpy(), posed.moved)


@pytest.mark.parametrize("adapter", [False, True])
def test_expression_reaches_the_network_with_the_adapter_and_never_without(model, example, adapter):
    run = Run(FAMILIES["normals"], adapter, 0)
    moved = replace(example, expression=1 - example.expression)
    losses = [training.loss_of(model, run, collate([one])) for one in (example, moved)]
    assert torch.equal(*losses) is not adapter
    frames = [drawing.frames_of(model, run, one) for one in (example, moved)]
    assert np.array_equal(*frames) is not adapter


@pytest.mark.parametrize("name", ["normals", "mini"])
def test_an_untrained_network_gives_back_the_moved_source(example, name):
    torch.manual_seed(0)
    model, run = OneStep().eval(), Run(FAMILIES[name], True, 0)
    model.codec.fit(torch.rand(2, 3, 128, 128) * 2 - 1)
    moved = shown(example.maps, run.family)["moved"].float() / 127.5 - 1
    expected = (model.codec.decode(model.codec.encode(moved)).permute(0, 2, 3, 1) + 1) * 127.5
    drawn = drawing.frames_of(model, run, example)
    assert np.abs(drawn - expected.detach().round().clamp(0, 255).numpy()).max() <= 1


def test_what_the_expression_moves_counts_most_and_only_in_the_face(example):
    batch = collate([example])
    weight = weighing.weights_of(batch)
    face = (batch.labels >= 1) & (batch.labels <= 3)
    moved = (example.maps["moved"].int() - example.maps["posed_moved"].int()).abs().amax(1) > 24
    assert (weight[~face] == weight.min()).all()
    assert (weight[moved & face] == weight.max()).all()
    assert 0 < (weight == weight.max()).float().mean() < 0.2


def test_no_training_shows_a_held_out_style(monkeypatch):
    from benchmarks.paper_claims import lessons

    assert HELD_OUT == ("clay", "pencil", "watercolour")
    assert not set(SEEN) & set(HELD_OUT)
    drawn = []

    def note(puppet, params, size):
        drawn.append(puppet.style)
        raise InterruptedError

    monkeypatch.setattr(lessons, "render", note)
    for number in range(20):
        with pytest.raises(InterruptedError):
            Lessons(arms.SIZE)[number]
    assert set(drawn) == set(SEEN)
    plan = arms.Plan(FAMILIES["normals"], per_domain=3, frames=1)
    assert {cases.pairing(number, plan).case.source.style for number in range(3, 6)} == set(HELD_OUT)


def test_a_lesson_shows_one_puppet_with_exact_parameters_and_another_one_each_time():
    first, second = Lessons(arms.SIZE)[0], Lessons(arms.SIZE)[1]
    assert first.identity != second.identity
    assert len(first.target) == 7
    assert len({values.numpy().tobytes() for values in (first.source, *first.target)}) == 8


@pytest.mark.slow
def test_the_arms_of_a_seed_start_alike_and_another_seed_does_not(tmp_path):
    family = replace(FAMILIES["normals"], steps=0)
    kept = tmp_path / "store"
    bench_claims.draw_store(kept, Lessons(arms.SIZE), 2, {}, lambda *_: None)
    for run in (Run(family, True, 1), Run(family, False, 1), Run(family, True, 2)):
        training.train(run, kept, tmp_path / run.name, print)
    one, other, elsewhere = (
        training.load(Run(family, True, 1), tmp_path / name).state_dict()
        for name in ("normals-adapter-1", "normals-plain-1", "normals-adapter-2")
    )
    assert all(torch.equal(values, other[name]) for name, values in one.items())
    assert not torch.equal(one["denoiser.conv_in.weight"], elsewhere["denoiser.conv_in.weight"])


@pytest.mark.slow
def test_an_interrupted_run_ends_as_an_undisturbed_one_to_the_bit(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "_KEEP_EVERY", 2)
    run = Run(replace(FAMILIES["normals"], steps=3), adapter=True, seed=0)
    kept = tmp_path / "store"
    bench_claims.draw_store(kept, Lessons(arms.SIZE), 2, {}, lambda *_: None)

    def stop(step, loss):
        if step == 3:
            raise KeyboardInterrupt

    training.train(run, kept, tmp_path / "whole", lambda *_: None)
    with pytest.raises(KeyboardInterrupt):
        training.train(run, kept, tmp_path / "broken", stop)
    torch.rand(5)
    training.train(run, kept, tmp_path / "broken", lambda *_: None)
    whole, broken = (training.load(run, tmp_path / name).state_dict() for name in ("whole", "broken"))
    assert all(torch.equal(values, broken[name]) for name, values in whole.items())


def test_a_share_is_the_place_between_two_true_pictures():
    rng = np.random.default_rng(0)
    start, end = (rng.integers(40, 200, (16, 16, 3)).astype(np.uint8) for _ in range(2))
    assert measuring.share(start, start, end) == 0
    assert measuring.share(end, start, end) == 1
    half = ((start.astype(int) + end) // 2).astype(np.uint8)
    assert measuring.share(half, start, end) == pytest.approx(0.5, abs=0.02)
    assert np.isnan(measuring.share(half, start, start))


def test_the_sign_test_agrees_with_trying_all_signs():
    values = np.random.default_rng(1).normal(0.4, 1, 10)
    signs = np.array(list(itertools.product((-1, 1), repeat=10)))
    exact = float((np.abs(signs @ values) >= abs(values.sum()) - 1e-12).mean())
    assert findings.sign_test(values, np.random.default_rng(2)) == pytest.approx(exact, abs=0.01)
    assert all(sum(contrast.values()) == 0 for contrast in findings.CONTRASTS.values())


def test_an_interval_over_identities_is_the_clustered_one():
    values = np.random.default_rng(4).gamma(2, size=30)
    names = [f"puppet {number}" for number in range(30)]
    theirs = clustered_interval(lambda rows: float(values[rows].mean()), names, np.random.default_rng(5))
    ours = findings.level(values, np.random.default_rng(6))
    assert ours.value == theirs.value
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.06)


def test_a_gain_that_differs_between_domains_is_told_from_one_that_does_not():
    rng = np.random.default_rng(7)
    first, second = rng.normal(0, 1, 30), rng.normal(0, 1, 30)
    _, alike = findings.gain_between(first, second, rng)
    interval, apart = findings.gain_between(first + 2, second, rng)
    assert interval.value == pytest.approx(2 + first.mean() - second.mean())
    assert interval.low > 0
    assert apart < 0.001 < 0.05 < alike


def test_a_contrast_is_the_difference_of_its_arms_and_leaves_out_what_is_undefined():
    rng = np.random.default_rng(3)
    tables = {arm: rng.normal(size=(3, 6)) for arm in findings.ARMS}
    tables["both"] = tables["baseline"] - 2
    tables["both"][1, 4] = np.nan
    found = findings.find("both over baseline", "l1/whole", tables, rng)
    assert found.interval.value == pytest.approx(-2)
    assert found.identities == 5
    assert found.seeds == pytest.approx((-2, -2, -2))


@pytest.mark.slow
def test_the_script_trains_draws_and_measures_and_goes_on_where_it_stood(tmp_path):
    plans = (
        arms.Plan(replace(FAMILIES["normals"], steps=1), seeds=(0,), examples=2, per_domain=2, frames=1),
        replace(arms.PLANS[2], per_domain=2),
    )
    out, picture = tmp_path / "claims.csv", tmp_path / "claims.jpg"
    arguments = ["--folder", str(tmp_path / "runs"), "--out", str(out), "--picture", str(picture)]
    bench_claims.main(arguments, plans)
    first = out.read_bytes()
    with out.open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    levels = {(row["family"], row["arm"]) for row in found if row["kind"] == "level"}
    shown = (*findings.ARMS, "copy of the source", "true frames")
    assert {(plan.family.name, arm) for plan in plans for arm in shown} <= levels
    perfect = [row for row in found if row["arm"] == "true frames" and row["measure"] == "l1"]
    assert perfect
    assert all(float(row["value"]) == 0 for row in perfect)
    assert {row["arm"] for row in found if row["kind"] == "difference"} == set(findings.CONTRASTS)
    held = [row for row in found if row["p_holm"]]
    assert held
    assert all(float(row["p_holm"]) >= float(row["p_value"]) for row in held)
    assert picture.stat().st_size > 1000
    header, lines = table.effects(found)
    assert header[-2:] == ["`normals`", "`mini`"]
    assert len(lines) == len(held) / 2
    stood = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").rglob("*") if path.is_file()}
    bench_claims.main(arguments, plans)
    assert out.read_bytes() == first
    assert {path: path.stat().st_mtime_ns for path in stood} == stood
    bench_claims.main([*arguments, "--family", "mini"], plans)
    assert out.read_bytes() == first
