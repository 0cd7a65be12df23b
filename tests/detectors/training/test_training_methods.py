"""Test the options of training: self-blends, running means, sharpness, clips, precision, processes."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from detectors import (
    AugmentConfig,
    CheckpointError,
    FaceSet,
    TrainConfig,
    TrainingError,
    TrainingSet,
    create_detector,
    list_detectors,
    train_detector,
    train_self_blended,
)
from detectors.training.ema import RunningMean
from detectors.training.optimisation import build_optimizer, rate_at, sharpness_aware

from ..faces import face, picture
from ..grain import crops_of

HERE = Path(__file__).parent
QUIET = AugmentConfig(jpeg=0, resize=0, blur=0, colour=0, noise=0)
CONFIG = TrainConfig(epochs=3, batch_size=16, seed=1, augment=QUIET)


@pytest.fixture
def fresh_process():
    """Reset accelerate's state, so that every run starts as in a new process."""
    from accelerate.state import AcceleratorState, GradientState

    AcceleratorState._reset_state(reset_partial_state=True)
    GradientState._reset_state()


def weights_of(detector):
    return {name: weight.clone() for name, weight in detector.model.state_dict().items()}


def same(first, second):
    return all(torch.equal(first[name], second[name]) for name in first)


def faces(people, seed=0):
    pictures = [picture(seed=seed + number) for number in range(people)]
    return FaceSet(pictures, [face()] * people, [f"{seed}-{number}" for number in range(people)])


@pytest.mark.parametrize("spec", list_detectors(), ids=lambda spec: spec.name)
def test_every_recipe_is_a_valid_setting_and_changes_win_over_it(spec):
    config = TrainConfig.of(spec, seed=7, epochs=2)
    assert (config.seed, config.epochs) == (7, 2)
    assert config.learning_rate == spec.recipe.learning_rate
    assert config.augment == spec.recipe.augment


def test_a_setting_that_does_not_exist_is_named():
    with pytest.raises(TrainingError, match="no setting 'momentum'"):
        TrainConfig.of(list_detectors("cpu")[0], momentum=0.9)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["toy_sbi", "toy_face_xray", "toy_cpu"])
def test_any_detector_of_stills_trains_on_self_blends_and_repeats_itself(name):
    found = []
    for _ in range(2):
        detector = create_detector(name)
        config = TrainConfig.of(detector.spec, epochs=1, batch_size=8)
        log = train_self_blended(detector, faces(8), config, validation=faces(4, seed=50))
        assert (log.n_training, log.n_validation) == (16, 8)
        assert detector.calibration is not None and detector.scope is not None
        found.append(weights_of(detector))
    assert same(*found)
    assert not same(found[0], weights_of(create_detector(name)))


def test_self_blends_are_refused_for_clips_and_for_people_on_both_sides():
    with pytest.raises(TrainingError, match="judges clips"):
        train_self_blended(create_detector("toy_video"), faces(2), validation=faces(2, seed=9))
    with pytest.raises(TrainingError, match="training and validation"):
        train_self_blended(create_detector("toy_sbi"), faces(2), validation=faces(2))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["toy_video", "toy_flicker"])
def test_a_detector_of_clips_trains_on_clips_and_scores_frames(name):
    rng = np.random.default_rng(0)
    labels = np.arange(24) % 2
    still = rng.integers(60, 190, (24, 1, 16, 16, 3)).repeat(4, axis=2).repeat(4, axis=3)
    flicker = labels[:, None, None, None, None] * rng.normal(0, 40, (24, 4, 1, 1, 1))
    clips = (still + flicker).clip(0, 255).astype(np.uint8)
    data = TrainingSet(clips, labels, [str(number // 2) for number in range(24)])
    detector = create_detector(name)
    config = replace(CONFIG, epochs=4, batch_size=4, learning_rate=2e-3, validation_share=0.4)
    log = train_detector(detector, data, config)
    if name == "toy_flicker":
        assert log.validation_auc == 1
    score = detector.score(clips[1])
    assert score.frames == 4 and score.calibrated


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        {"ema_decay": 0.9},
        {"optimizer": "sgd", "learning_rate": 1e-2, "sam_radius": 0.05},
        {"optimizer": "adam", "ema_decay": 0.99, "sam_radius": 0.05},
    ],
)
def test_with_mean_and_sharpness_too_an_interrupted_run_ends_as_an_undisturbed_one(change, tmp_path):
    config = replace(CONFIG, epochs=2, **change)
    whole = create_detector("toy_resnet18")
    train_detector(whole, crops_of(32), config)

    def stop(step, total, loss):
        if step > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_detector(create_detector("toy_resnet18"), crops_of(32), config, progress=stop, checkpoint=tmp_path)
    resumed = create_detector("toy_resnet18", seed=99)
    train_detector(resumed, crops_of(32), config, checkpoint=tmp_path)
    assert same(weights_of(whole), weights_of(resumed))
    with pytest.raises(CheckpointError, match="other settings"):
        train_detector(create_detector("toy_resnet18"), crops_of(32), CONFIG, checkpoint=tmp_path)


def test_a_running_mean_is_the_weighted_sum_of_what_it_saw_and_gives_the_weights_back():
    model = torch.nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        model.weight.fill_(1.0)
    mean = RunningMean(model, 0.999)
    wanted = 1.0
    for step, value in enumerate((2.0, 5.0, -1.0), start=1):
        with torch.no_grad():
            model.weight.fill_(value)
        mean.update(model)
        decay = (1 + step) / (10 + step)
        wanted = decay * wanted + (1 - decay) * value
    with mean.inside(model):
        assert model.weight.item() == pytest.approx(wanted)
    assert model.weight.item() == -1.0


def test_sharpness_aware_gradients_are_those_at_the_worst_nearby_weights():
    weight = torch.nn.Parameter(torch.tensor([3.0, 4.0]))
    scale = torch.tensor([1.0, 2.0])

    def backward():
        loss = (scale * weight.square()).sum() / 2
        loss.backward()
        return loss

    loss = sharpness_aware([weight], 0.5, backward)
    first = scale * torch.tensor([3.0, 4.0])
    worst = torch.tensor([3.0, 4.0]) + 0.5 * first / first.norm()
    assert torch.allclose(weight.grad, scale * worst)
    assert weight.tolist() == [3.0, 4.0]
    assert float(loss.detach()) == pytest.approx(20.5)


def test_the_rate_warms_up_and_falls_to_two_per_cent():
    rates = [rate_at(step, 100) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[9] == pytest.approx(1)
    assert all(later <= earlier for earlier, later in pairwise(rates[9:]))
    assert rates[-1] == pytest.approx(0.02, abs=0.002)


@pytest.mark.parametrize(("name", "kind"), [("adamw", "AdamW"), ("adam", "Adam"), ("sgd", "SGD")])
def test_the_optimiser_holds_trained_parameters_alone(name, kind):
    model = create_detector("toy_linear_probe").model
    optimizer = build_optimizer(model, TrainConfig(optimizer=name))
    assert type(optimizer).__name__ == kind
    assert sum(len(group["params"]) for group in optimizer.param_groups) == 2


@pytest.mark.slow
@pytest.mark.usefixtures("fresh_process")
def test_mixed_precision_trains_through_accelerate_and_ends_near_full_precision():
    found = []
    for precision in ("no", "bf16"):
        detector = create_detector("toy_resnet18")
        config = replace(CONFIG, epochs=2, precision=precision)
        log = train_detector(detector, crops_of(32), config, validation=crops_of(16, seed=9))
        found.append((weights_of(detector), log))
    assert not same(found[0][0], found[1][0])
    assert all(weight.dtype != torch.bfloat16 for weight in found[1][0].values())
    losses = [[epoch.loss for epoch in log.epochs] for _, log in found]
    assert losses[1] == pytest.approx(losses[0], rel=0.05)


def test_without_accelerate_mixed_precision_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "accelerate", None)
    with pytest.raises(TrainingError, match=r"facetrail\[train\]"):
        train_detector(create_detector("toy_resnet18"), crops_of(16), replace(CONFIG, precision="bf16"))


def test_the_course_of_a_run_is_written_for_tensorboard(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    config = replace(CONFIG, epochs=2)
    log = train_detector(create_detector("toy_resnet18"), crops_of(32), config, log_folder=tmp_path)
    events = EventAccumulator(str(tmp_path)).Reload()
    assert [event.value for event in events.Scalars("loss/training")] == pytest.approx([e.loss for e in log.epochs])
    assert [event.step for event in events.Scalars("auc/frame/validation")] == [0, 1]


@pytest.mark.slow
def test_two_processes_end_alike_and_as_one_process_does(tmp_path):
    command = [
        sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port", "0",
        "--rdzv_backend", "c10d", "--rdzv_endpoint", "localhost:0", HERE / "two_process_run.py", tmp_path,
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent), str(HERE.parents[2])])}
    done = subprocess.run(
        command, env={**environment, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    weights = [torch.load(tmp_path / f"weights-{process}.pt", weights_only=True) for process in (0, 1)]
    assert same(*weights)
    alone = create_detector("toy_linear_probe")
    config = TrainConfig(epochs=2, batch_size=8, augment=QUIET)
    train_detector(alone, crops_of(20), config, validation=crops_of(16, seed=9))
    for name, weight in weights_of(alone).items():
        torch.testing.assert_close(weights[0][name], weight, atol=2e-6, rtol=1e-4)
