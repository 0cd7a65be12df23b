import numpy as np
import pytest
import torch

from generator import WeightsError
from generator.config import TOY
from generator.training import TrainConfig, Trainer
from generator.training_data import PuppetBatches

CONFIG = TrainConfig(steps=4, groups=1, window=3, checkpoint_every=2, codec_puppets=2, workers=0)


def silent(*_):
    pass


@pytest.mark.slow
def test_an_interrupted_run_ends_with_the_same_weights_as_an_undisturbed_one(tmp_path):
    whole = Trainer(tmp_path / "whole", CONFIG, TOY)
    whole.run(silent)
    broken = Trainer(tmp_path / "broken", CONFIG, TOY)
    broken.run(silent, until=0.0)
    assert broken.step == 1
    again = Trainer(tmp_path / "broken", CONFIG, TOY)
    assert again.step == 1
    again.run(silent)
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, again.model.state_dict()[name]), name
        assert torch.equal(whole.mean[name], again.mean[name]), name


@pytest.mark.slow
def test_training_lowers_the_loss(tmp_path):
    losses = []
    trainer = Trainer(
        tmp_path / "run", TrainConfig(steps=30, groups=1, window=3, codec_puppets=3, workers=0, learning_rate=8e-3), TOY
    )
    trainer.run(lambda _, __, loss: losses.append(loss))
    assert np.mean(losses[-8:]) < 0.8 * np.mean(losses[:8])


def test_a_damaged_checkpoint_is_refused_by_name(tmp_path):
    (tmp_path / "state.pt").write_bytes(b"junk")
    (tmp_path / "model.safetensors").write_bytes(b"junk")
    with pytest.raises(WeightsError, match="start in an empty folder"):
        Trainer(tmp_path, CONFIG, TOY)


def test_a_batch_follows_from_seed_and_step_alone():
    first, second = (PuppetBatches(TOY, 0, 1, 9)[4] for _ in range(2))
    assert torch.equal(first.target, second.target) and torch.equal(first.moved, second.moved)
    assert not torch.equal(first.target, PuppetBatches(TOY, 1, 1, 9)[4].target)


def test_the_source_is_never_its_own_target():
    batch = PuppetBatches(TOY, 0, 1, 9)[0]
    assert len(batch.target) == 7
    assert min((batch.target[i].float() - batch.source[0].float()).abs().mean() for i in range(7)) > 0.2
