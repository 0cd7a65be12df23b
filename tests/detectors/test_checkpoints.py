"""Test saved detectors, and folders that must not load."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from detectors import (
    Calibration,
    CheckpointError,
    ConformalDecision,
    DetectorCard,
    DetectorError,
    Evidence,
    Thresholds,
    UnknownDetectorError,
    checkpoints,
    create_detector,
    fit_scope,
    load_detector,
    read_card,
    save_detector,
)
from detectors.files import file_hash
from detectors.interpretation.appearance import describe

CARD = DetectorCard(
    data="two hundred avatars",
    data_digest="ab" * 32,
    split="by identity, seed 0",
    licence="Apache-2.0",
    metrics={"auc/frame/validation": 0.93},
    seed=0,
    note="faces of avatars only",
)
DECISION = ConformalDecision(0.2, 0.7, 0.1, None, 12, 10)


@pytest.fixture
def folder(tmp_path):
    detector = create_detector("toy_resnet18", seed=5)
    rng = np.random.default_rng(0)
    _, features = detector.embed(rng.integers(0, 256, (16, 64, 64, 3), dtype=np.uint8))
    detector.calibration = Calibration(0.7, -0.2, 10, 12)
    seen = Evidence(features, rng.normal(size=(16, describe(np.zeros((1, 64, 64, 3), np.uint8)).shape[1])))
    detector.scope = fit_scope(seen, seen)
    detector.thresholds = Thresholds(0.9, 0.8, "frame", 12)
    detector.decision = DECISION
    save_detector(detector, tmp_path / "saved", CARD)
    return tmp_path / "saved"


def change_card(folder, change):
    path = folder / "card.json"
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))


def test_everything_that_reads_the_output_comes_back(folder):
    loaded = load_detector(folder)
    assert loaded.calibration == Calibration(0.7, -0.2, 10, 12)
    assert loaded.thresholds == Thresholds(0.9, 0.8, "frame", 12)
    assert loaded.decision == DECISION
    assert loaded.scope is not None
    score = loaded.score(np.zeros((1, 64, 64, 3), np.uint8))
    assert score.calibrated
    assert not score.in_scope


def test_a_card_from_before_there_was_a_decision_still_loads(folder):
    record = json.loads((folder / "card.json").read_text())
    del record["decision"]
    (folder / "card.json").write_text(json.dumps(record))
    assert load_detector(folder).decision is None


def test_the_card_comes_back_and_can_be_read_alone(folder):
    assert read_card(folder) == CARD
    record = json.loads((folder / "card.json").read_text())
    assert record["spec"]["crop_contract"]["crop_pct"] == 1.0
    assert record["video_score"] == "mean of frame probabilities"


def test_a_name_given_as_text_means_the_shipped_weights(folder, monkeypatch, tmp_path):
    monkeypatch.setattr(checkpoints, "SHIPPED", tmp_path / "shipped")
    with pytest.raises(CheckpointError, match="ships no weights"):
        load_detector("toy_resnet18")
    (tmp_path / "shipped").mkdir()
    folder.rename(tmp_path / "shipped" / "toy_resnet18")
    assert load_detector("toy_resnet18").spec.name == "toy_resnet18"


def test_text_that_is_neither_name_nor_folder_is_answered_with_names():
    with pytest.raises(UnknownDetectorError, match="toy_resnet18"):
        load_detector("toy_resnet17")


def test_another_crop_contract_is_refused(folder):
    change_card(folder, lambda record: record["spec"]["crop_contract"].update(crop_margin=0.3))
    with pytest.raises(CheckpointError, match="crop contract"):
        load_detector(folder)


def test_weights_of_a_method_that_the_detector_no_longer_has_are_refused(folder):
    change_card(folder, lambda record: record["spec"].update(method="residual"))
    with pytest.raises(CheckpointError, match="trained by the method 'residual'"):
        load_detector(folder)


@pytest.mark.parametrize("name", ["card.json", "weights.safetensors"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=name):
        load_detector(folder)


def test_weights_that_are_not_numbers_are_refused_on_both_ways(folder, tmp_path):
    tensors = load_file(folder / "weights.safetensors")
    tensors["model.classifier.bias"] = torch.tensor([float("nan")])
    save_file(tensors, folder / "weights.safetensors")
    change_card(folder, lambda record: record.update(weights_sha256=file_hash(folder / "weights.safetensors")))
    with pytest.raises(CheckpointError, match="not finite"):
        load_detector(folder)
    broken = create_detector("toy_resnet18")
    with torch.no_grad():
        broken.model.classifier.bias.fill_(float("inf"))
    with pytest.raises(CheckpointError, match="not finite"):
        save_detector(broken, tmp_path / "broken", CARD)


def test_weights_exchanged_behind_the_card_are_refused(folder):
    data = bytearray((folder / "weights.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "weights.safetensors").write_bytes(data)
    with pytest.raises(CheckpointError, match="not the file the card was written for"):
        load_detector(folder)


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".ckpt", ".bin", ".pkl"])
def test_a_pickle_is_refused_by_name_and_never_opened(tmp_path, suffix):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    path = tmp_path / f"model{suffix}"
    path.write_bytes(pickle.dumps(Trap()))
    for target in (path, tmp_path):
        with pytest.raises(CheckpointError, match=f"model{suffix} is a pickle"):
            load_detector(target)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [("not json", "cannot be read"), ("[]", "lacks"), ("{}", "lacks")],
)
def test_a_card_that_is_no_card_is_refused(folder, text, message):
    (folder / "card.json").write_text(text)
    with pytest.raises(CheckpointError, match=message):
        load_detector(folder)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", 99),
        ("calibration", {"slope": 1}),
        ("thresholds", {"fpr_1": 0.5}),
        ("format", 1),
        ("scope", {"threshold": 1.0, "quantile": 0.9}),
        ("scope", {"appearance_version": 0}),
    ],
)
def test_a_card_of_another_make_is_refused(folder, key, value):
    change_card(folder, lambda record: record.update({key: value}))
    with pytest.raises(CheckpointError):
        load_detector(folder)


def test_a_detector_the_registry_forgot_is_refused_with_names(folder):
    change_card(folder, lambda record: record["spec"].update(name="toy_resnet19"))
    with pytest.raises(DetectorError, match="nearest"):
        load_detector(folder)


def test_weights_of_another_network_are_refused(folder, tmp_path):
    save_detector(create_detector("toy_linear_probe"), tmp_path / "other", CARD)
    for name in ("weights.safetensors",):
        (folder / name).write_bytes((tmp_path / "other" / name).read_bytes())
    digest = file_hash(folder / "weights.safetensors")
    change_card(folder, lambda record: record.update(weights_sha256=digest))
    with pytest.raises(CheckpointError, match="does not fit"):
        load_detector(folder)


def test_saving_twice_leaves_the_second_detector(folder):
    save_detector(create_detector("toy_resnet18", seed=6), folder, replace(CARD, note="second"))
    assert read_card(folder).note == "second"
    assert load_detector(folder).calibration is None


def test_half_precision_halves_the_file_and_a_gate_s_directions_come_back(folder, tmp_path):
    whole = load_detector(folder)
    basis = np.linspace(-1, 1, 2 * whole.scope.features.mean.size).reshape(-1, 2)
    flat = replace(whole.scope.features, mean=np.zeros(2), precision=np.eye(2), basis=basis)
    whole.scope = replace(whole.scope, features=flat)
    save_detector(whole, tmp_path / "half", replace(CARD, measured_on="noise"), half=True)
    loaded = load_detector(tmp_path / "half")
    assert read_card(tmp_path / "half").measured_on == "noise"
    assert np.array_equal(loaded.scope.features.basis, basis)
    numbers = np.ones((3, len(basis)))
    assert loaded.scope.features.distances(numbers) == pytest.approx(flat.distances(numbers))
    crops = np.random.default_rng(1).integers(0, 256, (4, 64, 64, 3), dtype=np.uint8)
    assert loaded.embed(crops)[0] == pytest.approx(whole.embed(crops)[0], abs=0.05)
    kernels = [value for value in loaded.model.state_dict().values() if value.dim() > 1]
    assert all(np.array_equal(value.numpy(), value.half().float().numpy()) for value in kernels)
