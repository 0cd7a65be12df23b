"""Test training runs at toy size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from detectors import (
    AugmentConfig,
    CheckpointError,
    CropError,
    TrainConfig,
    TrainingError,
    TrainingSet,
    create_detector,
    train_detector,
)
from detectors.training import train as training

from ..grain import crops_of

QUIET = AugmentConfig(jpeg=0, resize=0, blur=0, colour=0, noise=0)
CONFIG = TrainConfig(epochs=3, batch_size=16, seed=1, augment=QUIET)


def weights_of(detector):
    return {name: weight.clone() for name, weight in detector.model.state_dict().items()}


def same(first, second):
    return all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.slow
def test_training_learns_a_visible_difference_and_leaves_the_detector_ready():
    detector = create_detector("toy_resnet18")
    log = train_detector(detector, crops_of(128), CONFIG, validation=crops_of(48, seed=9))
    assert log.validation_auc > 0.9
    assert log.epochs[-1].loss < log.epochs[0].loss
    assert (log.n_training, log.n_validation) == (128, 48)
    assert detector.calibration is not None
    assert detector.scope is not None
    assert detector.thresholds is not None and detector.thresholds.n_negative == 24
    fresh = crops_of(64, seed=20)
    probabilities = detector.probabilities(fresh.crops)
    assert probabilities[fresh.labels == 1].mean() > probabilities[fresh.labels == 0].mean() + 0.2
    assert detector.score(fresh.crops[:8]).in_scope
    assert detector.score(fresh.crops[:8]).calibrated


@pytest.mark.slow
def test_the_kept_weights_are_those_of_the_best_epoch():
    detector = create_detector("toy_resnet18")
    held = crops_of(48, seed=9)
    log = train_detector(detector, crops_of(), CONFIG, validation=held)
    best = max(entry.validation_auc for entry in log.epochs)
    assert log.validation_auc == best == log.epochs[log.best_epoch].validation_auc
    assert training.validation_auc(detector, held) == pytest.approx(best)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["toy_resnet18", "toy_cpu", "toy_effort"])
def test_the_same_seed_gives_the_same_weights_and_another_seed_does_not(name):
    found = []
    for seed in (1, 1, 2):
        detector = create_detector(name)
        train_detector(detector, crops_of(32), TrainConfig(epochs=1, batch_size=8, seed=seed, patience=9))
        found.append(weights_of(detector))
    assert same(found[0], found[1])
    assert not same(found[0], found[2])


def test_training_leaves_the_global_generators_alone():
    torch.manual_seed(3)
    np.random.seed(3)
    before = (torch.get_rng_state(), np.random.get_state()[1].tolist())
    train_detector(create_detector("toy_resnet18"), crops_of(32), TrainConfig(epochs=1, batch_size=8))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.random.get_state()[1].tolist() == before[1]


@pytest.mark.slow
def test_an_interrupted_run_continues_to_the_weights_of_an_uninterrupted_one(tmp_path):
    whole = create_detector("toy_resnet18")
    train_detector(whole, crops_of(), CONFIG)

    def stop(step, total, loss):
        if step > 2 * total // 3:
            raise KeyboardInterrupt

    broken = create_detector("toy_resnet18")
    with pytest.raises(KeyboardInterrupt):
        train_detector(broken, crops_of(), CONFIG, progress=stop, checkpoint=tmp_path)
    resumed = create_detector("toy_resnet18", seed=99)
    steps = []
    log = train_detector(
        resumed, crops_of(), CONFIG, checkpoint=tmp_path, progress=lambda step, total, loss: steps.append(step)
    )
    assert min(steps) > 1
    assert len(log.epochs) == 3
    assert same(weights_of(whole), weights_of(resumed))


def test_a_checkpoint_of_other_data_or_settings_is_refused(tmp_path):
    config = TrainConfig(epochs=1, batch_size=8)
    train_detector(create_detector("toy_resnet18"), crops_of(32), config, checkpoint=tmp_path)
    with pytest.raises(CheckpointError, match="other data"):
        train_detector(create_detector("toy_resnet18"), crops_of(32, seed=1), config, checkpoint=tmp_path)


def test_a_damaged_checkpoint_is_named(tmp_path):
    config = TrainConfig(epochs=1, batch_size=8)
    train_detector(create_detector("toy_resnet18"), crops_of(32), config, checkpoint=tmp_path)
    next(tmp_path.glob("*.safetensors")).write_bytes(b"broken")
    with pytest.raises(CheckpointError, match="remove the folder"):
        train_detector(create_detector("toy_resnet18"), crops_of(32), config, checkpoint=tmp_path)


@pytest.mark.slow
def test_progress_counts_every_step_up_to_the_total():
    seen = []
    train_detector(
        create_detector("toy_resnet18"),
        crops_of(32),
        TrainConfig(epochs=2, batch_size=8),
        validation=crops_of(16, seed=9),
        progress=lambda step, total, loss: seen.append((step, total, loss)),
    )
    assert [step for step, _, _ in seen] == list(range(1, 9))
    assert {total for _, total, _ in seen} == {8}
    assert all(np.isfinite(loss) for _, _, loss in seen)


def test_training_stops_when_patience_is_over():
    detector = create_detector("toy_linear_probe")
    data = crops_of(16)
    constant = TrainingSet(np.full_like(data.crops, 90), data.labels, data.groups)
    held = TrainingSet(constant.crops, data.labels, ["x"] * 16)
    log = train_detector(detector, constant, TrainConfig(epochs=9, batch_size=8, patience=2), validation=held)
    assert len(log.epochs) == 3
    assert log.best_epoch == 0
    assert log.stopped_early
    assert log.validation_auc == 0.5


def test_the_clock_can_end_a_run_after_an_epoch():
    config = TrainConfig(epochs=50, batch_size=8, max_seconds=1e-9)
    log = train_detector(create_detector("toy_linear_probe"), crops_of(32), config)
    assert len(log.epochs) == 1
    assert log.stopped_early


def test_twins_are_trained_side_by_side():
    data = crops_of(32)
    pairs = [str(index // 2) for index in range(32)]
    data = replace(data, pairs=pairs)
    log = train_detector(create_detector("toy_resnet18"), data, TrainConfig(epochs=1, batch_size=8))
    assert len(log.epochs) == 1
    with pytest.raises(TrainingError, match="pair names"):
        train_detector(create_detector("toy_resnet18"), replace(data, pairs=pairs[:-1]), CONFIG)


def test_a_person_on_both_sides_is_refused():
    with pytest.raises(TrainingError, match="stand in training and validation"):
        train_detector(create_detector("toy_resnet18"), crops_of(), CONFIG, validation=crops_of(16))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda data: replace(data, labels=data.labels[:-1]), TrainingError),
        (lambda data: replace(data, groups=data.groups[:-1]), TrainingError),
        (lambda data: replace(data, labels=data.labels * 0), TrainingError),
        (lambda data: replace(data, labels=data.labels * 2), TrainingError),
        (lambda data: replace(data, crops=data.crops[:, :32]), CropError),
        (lambda data: replace(data, methods=["swap"] * 15), TrainingError),
        (lambda data: replace(data, same_person=["ann"] * 15), TrainingError),
    ],
)
def test_data_that_does_not_fit_is_refused(change, error):
    with pytest.raises(error):
        train_detector(create_detector("toy_resnet18"), change(crops_of(16)), CONFIG)


@pytest.mark.parametrize(
    "settings",
    [
        {"epochs": 0},
        {"batch_size": 7},
        {"learning_rate": 0},
        {"validation_share": 1.0},
        {"scope_quantile": 0.0},
        {"appearance_quantile": 1.0},
        {"optimizer": "lion"},
        {"precision": "int8"},
        {"sam_radius": 0.0},
        {"sam_radius": 0.05, "precision": "fp16"},
        {"ema_decay": 1.0},
    ],
)
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(TrainingError):
        TrainConfig(**settings)


def test_a_diverging_loss_is_reported():
    detector = create_detector("toy_linear_probe")
    with torch.no_grad():
        detector.model.classifier.weight.fill_(float("inf"))
    with pytest.raises(TrainingError, match="finite"):
        train_detector(detector, crops_of(16), TrainConfig(epochs=1, batch_size=8))


def test_the_validation_auc_agrees_with_scikit_learn():
    from sklearn.metrics import roc_auc_score

    held = crops_of(40)
    detector = create_detector("toy_resnet18")
    logits, _ = detector.embed(held.crops)
    assert training.validation_auc(detector, held) == pytest.approx(roc_auc_score(held.labels, logits))


def test_training_alone_changes_what_is_meant_to_be_trained():
    detector = create_detector("toy_ln_clip")
    before = weights_of(detector)
    train_detector(detector, crops_of(32), TrainConfig(epochs=1, batch_size=8))
    moved = {name for name, weight in weights_of(detector).items() if not torch.equal(weight, before[name])}
    assert moved
    assert all("norm" in name or name.startswith("classifier") for name in moved)
