"""The shipped judge, and a whole measurement with it."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from forensics.cli.main import main
from forensics.evaluation import EvaluationError, read_reports
from forensics.evaluation.generator_quality import judge_examples
from forensics.evaluation.generator_quality.cases import STILL, TRUTH, sample_case
from forensics.evaluation.generator_quality.face_net import FaceNet, PlaceNet, ValueNet
from forensics.evaluation.generator_quality.generation import EVALUATION_SEED
from forensics.evaluation.generator_quality.judge import JUDGE_FOLDER, Judge, Readings, save_judge
from forensics.evaluation.generator_quality.judge_examples import draw_examples, training_puppet
from forensics.evaluation.generator_quality.judge_training import Recipe, train_identity, train_places
from forensics.evaluation.generator_quality.measuring import reading_errors
from forensics.evaluation.generator_quality.statistics import correlation, verification_auc
from forensics.evaluation.generator_quality.true_values import true_values
from forensics.evaluation.generator_quality.value_training import place_errors, sample_faces, train_values
from generator.puppets import render, sample_motion, sample_puppet


@pytest.mark.slow
def test_the_shipped_judge_reads_lips_and_lids_of_puppets_it_never_saw_and_tells_them_apart() -> None:
    judge = Judge.load()
    read, true, features, names = [], [], [], []
    for number in range(12):
        rng = np.random.default_rng((4242, number))
        puppet = sample_puppet(rng)
        motion = sample_motion(rng, puppet, 20)
        for index in (2, 9, 16):
            frame = render(puppet, motion[index])
            camera = motion[index].camera[None]
            read.append(judge.read(frame.image[None], camera).rows()[0])
            features.append(judge.embed(frame.image[None], camera)[0])
            true.append(true_values(puppet, motion[index], frame))
            names.append(puppet.identity)
    found, truth = np.stack(read), np.stack(true)
    assert correlation(found[:, -1], truth[:, -1]) > 0.9
    assert correlation(found[:, -3:-1].mean(1), truth[:, -3:-1].mean(1)) > 0.9
    assert correlation(found[:, 28], truth[:, 28]) > 0.97
    assert verification_auc(np.stack(features), names) > 0.95


def test_the_shipped_weights_are_small_and_say_what_they_are_for() -> None:
    card = json.loads((JUDGE_FOLDER / "judge.json").read_text())
    assert "not a face recogniser" in card["use"]
    assert sum(path.stat().st_size for path in JUDGE_FOLDER.iterdir()) <= 2**21


@pytest.mark.parametrize("harm", ["missing", "cut", "other"])
def test_a_judge_that_is_missing_damaged_or_another_is_refused(tmp_path: Path, harm: str) -> None:
    shutil.copytree(JUDGE_FOLDER, tmp_path / "judge")
    path = tmp_path / "judge" / "judge.safetensors"
    if harm == "missing":
        path.unlink()
    elif harm == "cut":
        path.write_bytes(path.read_bytes()[:1000])
    else:
        folder = tmp_path / "other"
        save_judge(folder, PlaceNet(), ValueNet(), FaceNet(64), Recipe())
        shutil.copy(folder / "judge.safetensors", path)
    with pytest.raises(EvaluationError, match=r"judge\.safetensors: the judge cannot be loaded"):
        Judge.load(tmp_path / "judge")


def test_puppets_of_the_training_are_none_of_the_evaluation() -> None:
    """A case draws its source first, so the first puppet of its seed and number is the measured one."""
    assert sample_case(EVALUATION_SEED, 3, ("flat",), 2, 32).source.identity == _evaluated(3)
    recipe = Recipe()
    counts = [min(count, 400) for count in (recipe.puppets, recipe.faces, recipe.held_back)]
    trained = {
        training_puppet(number, recipe.seed + part)[0].identity
        for part, count in enumerate(counts)
        for number in range(count)
    }
    assert len(trained) > 0.99 * sum(counts)
    assert not trained & {_evaluated(number) for number in range(200)}


def _evaluated(number: int) -> str:
    return sample_puppet(np.random.default_rng((EVALUATION_SEED, number))).identity


def test_drawn_examples_are_kept_and_not_drawn_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = draw_examples(2, 2, 5, tmp_path)
    assert drawn.pictures.shape == (4, 256, 256, 3)
    assert drawn.identities.tolist() == [0, 0, 1, 1]
    assert 0.1 < drawn.puppets.mean() < 0.9
    monkeypatch.setattr(judge_examples, "render", None)
    again = draw_examples(2, 2, 5, tmp_path)
    assert np.array_equal(again.pictures, drawn.pictures)
    assert np.array_equal(again.truths, drawn.truths)
    assert [path.suffix for path in tmp_path.iterdir()] == [".npz"]
    with pytest.raises(TypeError):
        draw_examples(2, 2, 6, tmp_path)


@pytest.mark.slow
def test_training_a_judge_lowers_its_loss_goes_on_to_the_bit_and_survives_writing(tmp_path: Path) -> None:
    recipe = Recipe(puppets=8, frames=2, epochs=4, epochs_again=2, identity_epochs=3, batch=8)
    examples = draw_examples(recipe.puppets, recipe.frames, recipe.seed)
    told: list[str] = []
    net = train_places(examples, recipe, told.append)
    losses = [float(line.rpartition(" ")[2]) for line in told]
    assert losses[-1] < losses[0]

    def interrupt(text: str) -> None:
        if text.startswith("pass 2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_places(examples, recipe, interrupt, tmp_path / "kept")
    again = train_places(examples, recipe, told.append, tmp_path / "kept")
    assert len(told) == (4 + 2) + (2 + 2)
    assert all((a == b).all() for a, b in zip(net.state_dict().values(), again.state_dict().values(), strict=True))
    values = train_values(sample_faces(40, 1), place_errors(net, examples), 2, recipe.seed)
    save_judge(tmp_path, net, values, train_identity(examples, recipe), recipe)
    judge = Judge.load(tmp_path)
    cameras, pictures = examples.cameras[:2], examples.pictures[:2]
    read = judge.read(pictures, cameras)
    assert read.rows().shape == (2, 36)
    assert judge.embed(pictures, cameras).shape == (2, 64)
    errors = reading_errors(read, Readings.of(examples.truths[:2]))
    assert errors["head_pose_error"].shape == (2,)


def test_a_mirrored_picture_is_read_as_the_mirrored_face() -> None:
    judge = Judge.load()
    puppet = sample_puppet(np.random.default_rng(8), "toon")
    params = sample_motion(np.random.default_rng(8), puppet, 20)[10]
    picture, camera = render(puppet, params).image, params.camera
    read = judge.read(picture[None], camera[None])
    other = judge.read(picture[None, :, ::-1].copy(), camera[None] * (1, -1, 1) + np.float32([0, 1, 0]))
    assert other.pose[0] == pytest.approx(read.pose[0] * (-1, 1, -1), abs=0.02)
    assert other.lids[0] == pytest.approx(read.lids[0, ::-1], abs=0.01)
    assert other.shape[0] == pytest.approx(read.shape[0], abs=0.1)


@pytest.mark.slow
def test_a_generator_is_measured_into_a_results_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    options = ["--styles", "clay", "flat", "--clips", "2", "--moments", "3", "-o", str(out)]
    assert main(["evaluate", "--generator", "mini", *options]) == 0
    told = capsys.readouterr().out
    assert "the frames carry the mark" in told
    reports = {report.detector: report for report in read_reports(out)}
    assert next(iter(reports)) == "mini"
    ours, truth = reports["mini"], reports[TRUTH]
    assert truth.find("l1/frame").value == 0  # type: ignore[union-attr]
    assert truth.find("flicker/video").value == 0  # type: ignore[union-attr]
    assert truth.find("verification_auc/frame") is not None
    for name in ("psnr_db/frame", "ssim/frame", "mouth_aperture_correlation/frame", "warping_error/video"):
        measure = ours.find(name)
        assert measure is not None
        assert np.isfinite(measure.value)
        assert measure.n_negative == 0
    assert ours.find("psnr_db/frame", slice="eyes") is not None
    assert ours.find("psnr_db/frame", slice="style=clay").n_positive == 3  # type: ignore[union-attr]
    assert ours.find("closed_lid_ratio/video").n_positive == 2  # type: ignore[union-attr]
    assert STILL >= 2
    with (out / "mini" / "measures.csv").open(encoding="utf-8") as file:
        assert {row["level"] for row in csv.DictReader(file)} == {"frame", "video"}
    again = tmp_path / "again"
    assert main(["evaluate", "--generator", "mini", *options[:-1], str(again)]) == 0
    assert (again / "mini" / "measures.csv").read_bytes() == (out / "mini" / "measures.csv").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--generator", "mini", "--styles", "oil"], "no puppet style is called 'oil'"),
        (["--generator", "absent"], "absent"),
        (["--generator", "mini", "--moments", "99"], "2 to 60"),
    ],
)
def test_what_cannot_be_measured_ends_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["evaluate", *arguments, "-o", "out"]) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert told in lines[0]
    assert not (tmp_path / "out").exists()
