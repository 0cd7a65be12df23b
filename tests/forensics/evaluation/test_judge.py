"""The shipped judge, and a whole measurement with it."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from forensics.cli import main
from forensics.evaluation import EvaluationError, read_reports
from forensics.evaluation.quality.cases import STILL, TRUTH
from forensics.evaluation.quality.face_net import FaceNet
from forensics.evaluation.quality.judge import JUDGE_FOLDER, Judge, save_judge
from forensics.evaluation.quality.judge_training import Recipe, draw_examples, train_identity, train_parameters
from forensics.evaluation.quality.statistics import correlation, verification_auc


@pytest.mark.slow
def test_the_shipped_judge_reads_lips_and_lids_of_puppets_it_never_saw_and_tells_them_apart() -> None:
    from forensics.evaluation.quality.judge_training import render, sample_motion, sample_puppet, true_values

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
    assert correlation(found[:, -1], truth[:, -1]) > 0.8
    assert correlation(found[:, -3:-1].mean(1), truth[:, -3:-1].mean(1)) > 0.7
    assert correlation(found[:, 28], truth[:, 28]) > 0.8
    assert verification_auc(np.stack(features), names) > 0.85


def test_the_shipped_weights_are_small_and_say_what_they_are_for() -> None:
    card = json.loads((JUDGE_FOLDER / "judge.json").read_text())
    assert "not a face recogniser" in card["use"]
    assert sum(path.stat().st_size for path in JUDGE_FOLDER.iterdir()) <= 2**20


@pytest.mark.parametrize("harm", ["missing", "cut", "other"])
def test_a_judge_that_is_missing_damaged_or_another_is_refused(tmp_path: Path, harm: str) -> None:
    shutil.copytree(JUDGE_FOLDER, tmp_path / "judge")
    path = tmp_path / "judge" / "judge.safetensors"
    if harm == "missing":
        path.unlink()
    elif harm == "cut":
        path.write_bytes(path.read_bytes()[:1000])
    else:
        numbers = np.zeros(36, np.float32)
        folder = tmp_path / "other"
        save_judge(folder, FaceNet(36), numbers, numbers, FaceNet(64), Recipe())
        shutil.copy(folder / "judge.safetensors", path)
    with pytest.raises(EvaluationError, match=r"judge\.safetensors: the judge cannot be loaded"):
        Judge.load(tmp_path / "judge")


@pytest.mark.slow
def test_training_a_judge_lowers_its_loss_repeats_and_survives_writing(tmp_path: Path) -> None:
    recipe = Recipe(puppets=8, frames=2, epochs=4, identity_epochs=3, batch=8)
    examples = draw_examples(recipe.puppets, recipe.frames, recipe.seed)
    told: list[str] = []
    net, middle, spread = train_parameters(examples, recipe, told.append)
    losses = [float(line.rpartition(" ")[2]) for line in told]
    assert losses[-1] < losses[0]
    again, _, _ = train_parameters(examples, recipe)
    assert all((a == b).all() for a, b in zip(net.state_dict().values(), again.state_dict().values(), strict=True))
    save_judge(tmp_path, net, middle, spread, train_identity(examples, recipe), recipe)
    judge = Judge.load(tmp_path)
    pictures = np.zeros((2, 64, 64, 3), np.uint8)
    cameras = np.tile(np.array([0.3, 0.5, 0.5], np.float32), (2, 1))
    assert judge.read(pictures, cameras).rows().shape == (2, 36)
    assert judge.embed(pictures, cameras).shape == (2, 64)


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
