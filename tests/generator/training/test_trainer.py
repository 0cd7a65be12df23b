from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from generator.errors import TrainingError
from generator.network.config import TOY
from generator.network.weights_io import load_pretrained, save_pretrained
from generator.training import Trainer, open_avatars, recipe
from generator.training.trainer import learning_rate
from watermark.media.files import UNFINISHED

from .training_stand_ins import SIZES, mini_settings, random_data, settings

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def fresh_process():
    """Reset accelerate's state for every test, because it keeps precision and device for the life of a process."""
    from accelerate.state import AcceleratorState, GradientState

    AcceleratorState._reset_state(reset_partial_state=True)
    GradientState._reset_state()


def silent(*_):
    pass


def train(folder, run, data=None, **options):
    trainer = Trainer(folder, run, data or random_data(run.data.targets), device="cpu", **options)
    trainer.run(silent)
    return trainer


def same(one, other):
    assert one.keys() == other.keys()
    return all(torch.equal(value, other[name]) for name, value in one.items())


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """Return a model folder at toy size to start from."""
    from generator.network.model import AniFaceDiff

    torch.manual_seed(5)
    folder = tmp_path_factory.mktemp("base")
    save_pretrained(AniFaceDiff(SIZES).state_dict(), SIZES, folder, {"name": "toy", "licence": "CC0-1.0"})
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("stage", [1, 2])
def test_an_interrupted_run_ends_as_an_undisturbed_one_to_the_bit(tmp_path, base, stage):
    run = settings(stage, optimiser={"accumulate": 2})
    whole = train(tmp_path / "whole", run, base=base)
    broken = Trainer(tmp_path / "broken", run, random_data(run.data.targets), base=base, device="cpu")
    broken.run(silent, until=0.0)
    assert broken.step == 1
    data = random_data(run.data.targets)
    torch.rand(7)  # a new process starts with another random state
    again = Trainer(tmp_path / "broken", run, data, base=base, device="cpu")
    assert again.step == 1
    again.run(silent)
    assert data.training.seen == [2, 3, 4, 5, 6, 7]
    assert same(whole.model.state_dict(), again.model.state_dict())
    assert same(whole.mean.tensors, again.mean.tensors)
    states = [trainer.optimiser.state_dict()["state"] for trainer in (whole, again)]
    for index, state in states[0].items():
        assert same(state, states[1][index])


@pytest.mark.slow
def test_an_interrupted_run_of_mini_ends_as_an_undisturbed_one_to_the_bit(tmp_path):
    run = mini_settings(steps=3, checkpoint_every=2)
    run = dataclasses.replace(run, validation=dataclasses.replace(run.validation, sources=0))

    def data():
        return random_data(run.data.targets, sizes=TOY)

    whole = train(tmp_path / "whole", run, data())
    Trainer(tmp_path / "broken", run, data(), device="cpu").run(silent, until=0.0)
    rest = data()
    torch.rand(7)
    again = Trainer(tmp_path / "broken", run, rest, device="cpu")
    assert again.step == 1
    again.run(silent)
    assert rest.training.seen == [1, 2]
    assert whole.model.codec.basis.any() and same(whole.model.state_dict(), again.model.state_dict())
    assert same(whole.mean.tensors, again.mean.tensors)
    states = [trainer.optimiser.state_dict()["state"] for trainer in (whole, again)]
    assert all(same(state, states[1][index]) for index, state in states[0].items())


@pytest.mark.slow
def test_a_run_killed_between_checkpoints_continues_from_the_last(tmp_path):
    class Killed(Exception):
        pass

    def kill(step, steps, loss):
        if step == 3:
            raise Killed

    run = settings()
    whole = train(tmp_path / "whole", run)
    with pytest.raises(Killed):
        Trainer(tmp_path / "killed", run, random_data(), device="cpu").run(kill)
    again = Trainer(tmp_path / "killed", run, random_data(), device="cpu")
    assert again.step == 2
    again.run(silent)
    assert same(whole.model.state_dict(), again.model.state_dict())


@pytest.mark.slow
def test_two_processes_end_alike_share_the_data_and_equal_two_accumulated_batches(tmp_path):
    command = [
        sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port", "0",
        "--rdzv_backend", "c10d", "--rdzv_endpoint", "localhost:0", HERE / "two_process_run.py", tmp_path,
    ]  # fmt: skip
    path = os.pathsep.join([str(HERE), str(HERE.parents[2])])
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    notes = [json.loads((tmp_path / f"note-{process}.json").read_text()) for process in (0, 1)]
    weights = [torch.load(tmp_path / f"weights-{process}.pt", weights_only=True) for process in (0, 1)]
    assert [note["processes"] for note in notes] == [2, 2]
    assert [note["seen"] for note in notes] == [[0, 2, 4], [1, 3, 5]]
    assert same(*weights)
    alone = train(tmp_path / "alone", settings(steps=3, optimiser={"accumulate": 2}))
    for name, value in weights[0].items():
        torch.testing.assert_close(alone.trained[name].detach(), value, atol=2e-6, rtol=1e-4)


@pytest.mark.slow
def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_checkpoint(tmp_path):
    trainer = Trainer(tmp_path, settings(), random_data(), device="cpu")

    def poison(step, steps, loss):
        if step == 3:
            with torch.no_grad():
                trainer.model.denoiser.conv_in.weight[0, 0, 0, 0] = float("nan")

    with pytest.raises(TrainingError, match="the loss is nan at step 3; the last checkpoint stands"):
        trainer.run(poison)
    again = Trainer(tmp_path, settings(), random_data(), device="cpu")
    assert again.step == 2 and all(value.isfinite().all() for value in again.model.state_dict().values())


@pytest.mark.slow
def test_only_the_last_checkpoints_are_kept(tmp_path):
    train(tmp_path, settings(checkpoint_every=1, keep=2))
    assert sorted(p.name for p in (tmp_path / "checkpoints").iterdir()) == ["step-00000003", "step-00000004"]


@pytest.mark.slow
def test_half_a_checkpoint_is_not_seen(tmp_path):
    train(tmp_path, settings(steps=2))
    torn = tmp_path / "checkpoints" / f"{UNFINISHED}torn" / "step-00000009"
    torn.mkdir(parents=True)
    (torn / "position.json").write_text("{")
    assert Trainer(tmp_path, settings(steps=2), random_data(), device="cpu").step == 2
    train(tmp_path, settings(steps=3))
    assert not torn.parent.exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["position.json", "weights.safetensors", "optimiser.pt"])
def test_a_damaged_checkpoint_is_refused_by_name(tmp_path, name):
    train(tmp_path, settings(steps=1))
    (tmp_path / "checkpoints" / "step-00000001" / name).write_bytes(b"junk")
    with pytest.raises(TrainingError, match=r"step-00000001: cannot continue.*start in an empty folder"):
        Trainer(tmp_path, settings(steps=1), random_data(), device="cpu")


@pytest.mark.slow
def test_a_run_is_not_continued_with_other_settings_or_another_base(tmp_path, base):
    train(tmp_path, settings(steps=1))
    with pytest.raises(TrainingError, match=r"started with optimiser.rate = 1e-05, now it is 0.001"):
        Trainer(tmp_path, settings(optimiser={"rate": 1e-3}), random_data(), device="cpu")
    with pytest.raises(TrainingError, match="was started from model none"):
        Trainer(tmp_path, settings(), random_data(), base=base, device="cpu")
    longer = Trainer(tmp_path, settings(steps=2), random_data(), device="cpu")
    assert longer.position.history == ((0, 1, 1), (1, 2, 1))


@pytest.mark.slow
def test_the_export_is_the_running_mean_with_its_story(tmp_path, base):
    trainer = train(tmp_path / "run", settings(stage=2, steps=2), base=base)
    model, digest = load_pretrained(trainer.export(tmp_path / "weights"))
    state, before = model.state_dict(), load_pretrained(base)[0].state_dict()
    moved = {name for name, value in state.items() if not torch.equal(value, before[name])}
    assert moved and all(name.startswith("motion.") for name in moved)
    for name, value in trainer.mean.tensors.items():
        torch.testing.assert_close(state[name], value, atol=1e-3, rtol=1e-3)
    card = json.loads((tmp_path / "weights" / "card.json").read_text())
    assert card["sha256"] == digest and card["base"] == load_pretrained(base)[1]
    assert (card["steps"], card["seed"], card["targets_per_step"]) == (2, 0, 3)
    assert card["training"]["objective"]["min_snr"] == 5.0 and card["data_details"]["digest"] == "0" * 64
    assert card["licence"] == "CC0-1.0" and card["hours"] >= 0 and card["use"] and card["limits"]


@pytest.mark.slow
def test_half_precision_trains_and_exports_what_was_fixed_untouched(tmp_path, base):
    trainer = train(tmp_path / "run", settings(steps=1, precision="bf16", recompute=True), base=base)
    assert trainer.model.codec.vae.encoder.conv_in.weight.dtype == torch.bfloat16
    assert trainer.model.denoiser.conv_in.weight.dtype == torch.float32
    after, before = load_pretrained(trainer.export(tmp_path / "weights"))[0], load_pretrained(base)[0]
    assert same(after.codec.state_dict(), before.codec.state_dict())


@pytest.mark.slow
def test_validation_measures_held_out_faces_and_shows_them(tmp_path):
    run = settings(steps=2, validation={"every": 1, "sources": 2, "steps": 2, "guidance": 2.0})
    data = dataclasses.replace(random_data(), validation={"identities": random_data().training})
    trainer = train(tmp_path, run, data)
    assert set(trainer.position.metrics["identities"]) >= {"psnr/frame", "ssim/frame", "psnr/eyes", "psnr/mouth"}
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tmp_path / "log")).Reload()
    assert [event.step for event in events.Scalars("psnr/frame/identities")] == [1, 2]
    assert [event.step for event in events.Scalars("train/rate")] == [1, 2]
    assert events.Images("source, truth, ours/identities")[0].width == 3 * SIZES.image_size


@pytest.mark.slow
def test_the_mean_weights_are_lent_for_validation_and_taken_back(tmp_path):
    trainer = train(tmp_path, settings(steps=2))
    weights = {name: p.detach().clone() for name, p in trainer.trained.items()}
    mean = {name: value.clone() for name, value in trainer.mean.tensors.items()}
    assert not same(weights, mean)
    with trainer.mean.applied():
        assert same({name: p.detach() for name, p in trainer.trained.items()}, mean)
    assert same({name: p.detach() for name, p in trainer.trained.items()}, weights)


def test_the_rate_warms_up_and_falls_as_a_cosine():
    cosine = recipe("mini", 1).optimiser
    assert learning_rate(0, 1000, cosine) == pytest.approx(8e-6)
    assert learning_rate(500, 1000, cosine) == pytest.approx(8e-4 * 0.51)
    assert learning_rate(1000, 1000, cosine) == pytest.approx(8e-4 * 0.02)
    constant = recipe("sd15", 1).optimiser
    assert learning_rate(499, 1000, constant) == learning_rate(29_999, 30_000, constant) == 1e-5


def test_a_device_or_precision_that_is_not_there_is_refused(tmp_path):
    if not torch.cuda.is_available():
        with pytest.raises(TrainingError, match="no CUDA device"):
            Trainer(tmp_path, settings(), random_data(), device="cuda")
    with pytest.raises(TrainingError, match="no device 'tpu'"):
        Trainer(tmp_path, settings(), random_data(), device="tpu")


@pytest.mark.slow
def test_mini_trains_on_avatars_and_exports_a_model(tmp_path, avatar_cache):
    run = mini_settings(steps=2)
    trainer = train(tmp_path / "run", run, open_avatars(run, avatar_cache, silent))
    metrics = trainer.position.metrics["identities"]
    assert metrics["psnr/frame"] > 5 and metrics["layers/psnr/frame"] > 15
    assert {"psnr/hidden", "layers/psnr/hidden", "layers/ssim/frame"} <= metrics.keys()
    model, _ = load_pretrained(trainer.export(tmp_path / "weights"))
    assert model.config == TOY
    assert torch.allclose(model.codec.basis, trainer.model.codec.basis, atol=1e-3)
    card = json.loads((tmp_path / "weights" / "card.json").read_text())
    assert card["data_details"]["avatars"] == 2 and len(card["data_details"]["digest"]) == 64
    assert card["licence"] == "Apache-2.0"


@pytest.mark.slow
def test_training_mini_lowers_the_loss(tmp_path, avatar_cache):
    losses = []
    run = mini_settings(steps=30)
    run = dataclasses.replace(run, optimiser=dataclasses.replace(run.optimiser, rate=8e-3))
    data = open_avatars(run, avatar_cache, silent)
    Trainer(tmp_path, run, data, device="cpu").run(lambda _, __, loss: losses.append(loss))
    assert sum(losses[-8:]) < 0.8 * sum(losses[:8])
