from __future__ import annotations

import copy
import dataclasses

import pytest
import torch

from generator.errors import TrainingError
from generator.network.config import TOY
from generator.network.model import AniFaceDiff
from generator.network.schedule import noise_schedule
from generator.training.config import ObjectiveConfig
from generator.training.data.batch import collate
from generator.training.objectives.objective import open_objective, trained_parameters
from generator.training.objectives.velocity import Velocity, draw_drops, min_snr_weights

from ..training_stand_ins import SIZES, RandomExamples, mini_settings, random_data, settings


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_min_snr_weights_are_the_clamped_weights_of_the_clean_latent():
    alphas = noise_schedule("v_prediction").alphas_cumprod
    weights = min_snr_weights(alphas, 5.0)
    for time in (0, 1, 300, 700, 998):
        snr = float(alphas[time]) / (1 - float(alphas[time]))
        assert float(weights[time]) == pytest.approx(min(snr + 1, 5) / (snr + 1), rel=1e-4)
    assert weights[999] == 1  # zero terminal SNR: sampling starts here, so it has to be trained
    assert (min_snr_weights(alphas, 0) == 1).all()


def test_conditions_are_dropped_as_often_as_stated_and_never_twice():
    config = ObjectiveConfig(drop_source=0.10, drop_expression=0.05)
    dropped = draw_drops(40_000, 1, config, seeded())
    assert float(dropped.source.float().mean()) == pytest.approx(0.10, abs=0.005)
    assert float(dropped.expression.float().mean()) == pytest.approx(0.05, abs=0.004)
    assert not (dropped.source & dropped.expression).any()


def test_the_frames_of_a_window_lose_their_conditions_together():
    dropped = draw_drops(500, 4, ObjectiveConfig(drop_source=0.3, drop_expression=0.3), seeded())
    for flags in (dropped.source.view(500, 4), dropped.expression.view(500, 4)):
        assert (flags == flags[:, :1]).all() and 0 < flags.float().mean() < 1


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return AniFaceDiff(SIZES)


def record(model, stage, monkeypatch, frames):
    """Return the denoiser's inputs in one step."""
    calls = []
    denoise = model.denoise

    def spy(noisy, time, prepared, joined):
        calls.append((noisy, time, joined))
        return denoise(noisy, time, prepared, joined)

    monkeypatch.setattr(model, "denoise", spy)
    examples = RandomExamples(frames)
    batch = collate([examples[0], examples[1]])
    Velocity(ObjectiveConfig(), stage)(model, batch, seeded())
    return calls[0]


def test_a_window_shares_its_time_and_stills_do_not(model, monkeypatch):
    _, time, joined = record(model, 2, monkeypatch, 4)
    assert joined == 4 and (time.view(2, 4) == time.view(2, 4)[:, :1]).all() and time[0] != time[4]
    monkeypatch.undo()
    _, time, joined = record(model, 1, monkeypatch, 4)
    assert joined == 1 and len(time.unique()) > 2


def test_the_noise_offset_shifts_whole_pictures_and_all_frames_of_a_window_alike():
    shift = []

    class Spy:
        config, codec = SIZES, type("Codec", (), {"encode": staticmethod(lambda x: torch.zeros(len(x), 4, 32, 32))})()

        def encode_source(self, picture):
            return None

        def prepare(self, source, given, dropped):
            return None

        def denoise(self, noisy, time, prepared, joined):
            shift.append(noisy.mean((2, 3)) / (1 - noise_schedule().alphas_cumprod[time]).sqrt()[:, None])
            return noisy

    batch = collate([RandomExamples(3)[0]])
    for offset in (0.0, 5.0):
        Velocity(ObjectiveConfig(noise_offset=offset), 2)(Spy(), batch, seeded())
    assert shift[0].abs().max() < 0.2
    assert (shift[1] - shift[1][:1]).abs().max() < 0.4 and shift[1].abs().max() > 1


@pytest.mark.parametrize("stage", [1, 2])
def test_a_stage_trains_its_parts_and_nothing_else(stage):
    torch.manual_seed(0)
    model = AniFaceDiff(SIZES)
    names = trained_parameters(model, stage).keys()
    parts = {name.split(".")[0] for name in names}
    if stage == 2:
        assert parts == {"motion"}
        return
    assert parts == {"denoiser", "reference_net", "spatial_encoder", "expression_adapter"}
    assert not any(name.startswith(("codec.", "context.")) for name in names)
    assert "reference_net.conv_out.weight" not in names  # nothing depends on it, so several processes would wait for it


@pytest.mark.parametrize("stage", [1, 2])
def test_every_trained_parameter_gets_a_gradient_and_no_other(stage):
    torch.manual_seed(0)
    model = AniFaceDiff(SIZES)
    model.requires_grad_(False)
    trained = trained_parameters(model, stage)
    for parameter in trained.values():
        parameter.requires_grad_(True)
    batch = collate([RandomExamples(3 if stage == 2 else 1)[0]])
    open_objective(model, settings(stage))(model, batch, seeded())["loss"].backward()
    assert {name for name, p in model.named_parameters() if p.grad is not None} == set(trained)


@pytest.mark.slow
@pytest.mark.parametrize("stage", [1, 2])
def test_the_loss_falls_on_one_example_and_what_is_fixed_stays(tmp_path, stage):
    from accelerate.state import AcceleratorState, GradientState

    from generator.training import Trainer

    AcceleratorState._reset_state(reset_partial_state=True)
    GradientState._reset_state()
    run = settings(
        stage, steps=35, checkpoint_every=100, optimiser={"rate": 2e-3},
        objective={"drop_source": 0.0, "drop_expression": 0.0},
    )  # fmt: skip
    data = random_data(run.data.targets, only=1)
    trainer = Trainer(tmp_path, run, data, device="cpu")
    batch = collate([data.training[0]])

    def loss():
        with torch.no_grad():
            return sum(float(trainer.task(batch, seeded(10**6 + draw))["loss"]) for draw in range(16)) / 16

    start, before = loss(), {name: value.clone() for name, value in trainer.model.state_dict().items()}
    trainer.run(lambda *_: None)
    assert loss() < 0.85 * start
    changed = {n.split(".")[0] for n, v in trainer.model.state_dict().items() if not torch.equal(v, before[n])}
    assert changed == (
        {"motion"} if stage == 2 else {"denoiser", "reference_net", "spatial_encoder", "expression_adapter"}
    )


def test_every_trained_parameter_of_mini_gets_a_gradient(toy_model):
    model = copy.deepcopy(toy_model)
    trained = trained_parameters(model, 1)
    for parameter in trained.values():
        parameter.requires_grad_(True)
    batch = collate([RandomExamples(2, sizes=TOY)[0]])
    open_objective(model, mini_settings())(model, batch, seeded())["loss"].backward()
    assert {name for name, p in model.named_parameters() if p.grad is not None} == set(trained)
    assert [name for name, p in trained.items() if not p.grad.any()] == []


def test_a_stage_that_a_model_does_not_have_is_refused():
    with pytest.raises(TrainingError, match="temporal modules, and mini has none"):
        open_objective(AniFaceDiff(TOY), dataclasses.replace(settings(2), model=TOY))
