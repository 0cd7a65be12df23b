"""Test the design at Stable Diffusion size with the same classes at toy size."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel

from generator.network.config import SD15, TOY_SD15
from generator.network.model import AniFaceDiff, Conditions, Dropped
from generator.network.schedule import noise_schedule
from generator.network.unet import trainable_reference_parameters

SIZE, GRID = TOY_SD15.image_size, TOY_SD15.grid


def randn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def given(frames, seed=0):
    maps = {name: randn(frames, 3, SIZE, SIZE, seed=seed + i).sigmoid() for i, name in enumerate(TOY_SD15.maps)}
    return Conditions(maps, randn(frames, TOY_SD15.expression_inputs, seed=seed + 9))


def picture(seed=3, count=1):
    return randn(count, 3, SIZE, SIZE, seed=seed).tanh()


def noise(frames, seed=4):
    return randn(frames, 4, GRID, GRID, seed=seed)


def at(frames, moment=500):
    return torch.full((frames,), moment)


def stirred(model):
    """Set every zero-initialised layer to random weights, so that every path has an effect."""
    generator = torch.Generator().manual_seed(11)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.abs().sum() == 0:
                parameter.copy_(0.05 * torch.randn(parameter.shape, generator=generator))
    return model


@pytest.fixture(scope="module")
def fresh():
    torch.manual_seed(0)
    return AniFaceDiff(TOY_SD15).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return stirred(AniFaceDiff(TOY_SD15)).eval().requires_grad_(False)


def plain_unet(denoiser):
    unet = UNet2DConditionModel(
        sample_size=GRID, in_channels=4, out_channels=4, layers_per_block=TOY_SD15.layers,
        block_out_channels=TOY_SD15.widths, cross_attention_dim=TOY_SD15.context_dim,
        attention_head_dim=TOY_SD15.heads,
    ).eval()  # fmt: skip
    unet.load_state_dict({k: v for k, v in denoiser.state_dict().items() if "processor" not in k})
    return unet


def test_a_fresh_model_without_a_reference_is_the_base_model(fresh):
    prepared = fresh.prepare(fresh.encode_source(picture()), given(4))
    base = plain_unet(fresh.denoiser)(noise(4), at(4), prepared.context).sample
    alone = dataclasses.replace(prepared, inputs=dataclasses.replace(prepared.inputs, bank=None))
    torch.testing.assert_close(fresh.denoise(noise(4), at(4), alone, frames=4), base, atol=1e-5, rtol=1e-4)


def test_strength_zero_equals_no_expression_tokens(model):
    prepared = model.prepare(model.encode_source(picture()), given(2))
    silent = dataclasses.replace(prepared, inputs=dataclasses.replace(prepared.inputs, expression=None))
    off = model.denoise(noise(2), at(2), prepared.with_strength(0.0))
    torch.testing.assert_close(off, model.denoise(noise(2), at(2), silent))
    assert not torch.allclose(off, model.denoise(noise(2), at(2), prepared), atol=1e-3)


def test_what_training_drops_is_what_guidance_steers_away_from(model):
    encoded, conditions = model.encode_source(picture()), given(3)
    nothing = torch.zeros(3, dtype=torch.bool)
    dropped = Dropped(source=torch.tensor([True, False, False]), expression=torch.tensor([False, False, True]))
    mixed = model.denoise(noise(3), at(3), model.prepare(encoded, conditions, dropped))
    whole = model.prepare(encoded, conditions, Dropped(nothing, nothing))
    unconditional = model.denoise(noise(3), at(3), whole.unconditional())
    silent = model.denoise(noise(3), at(3), whole.with_strength(0.0))
    full = model.denoise(noise(3), at(3), model.prepare(encoded, conditions))
    for frame, expected in enumerate((unconditional, full, silent)):
        torch.testing.assert_close(mixed[frame], expected[frame], atol=1e-5, rtol=1e-4)
    assert not torch.allclose(unconditional, full, atol=1e-3)


def test_frames_meet_in_the_temporal_modules_and_nowhere_else(model):
    prepared = model.prepare(model.encode_source(picture()), given(4))
    one, other = noise(4), noise(4)
    other[3] = 0
    apart = [model.denoise(x, at(4), prepared) for x in (one, other)]
    together = [model.denoise(x, at(4), prepared, frames=4) for x in (one, other)]
    torch.testing.assert_close(apart[0][:3], apart[1][:3], atol=1e-5, rtol=1e-4)
    assert not torch.allclose(together[0][:3], together[1][:3], atol=1e-4)


def test_two_windows_in_one_batch_do_not_mix(model):
    prepared = model.prepare(model.encode_source(picture()), given(8))
    together = model.denoise(noise(8), at(8), prepared, frames=4)
    apart = [model.denoise(noise(8)[half], at(4), prepared[half], frames=4) for half in (slice(0, 4), slice(4, 8))]
    torch.testing.assert_close(together, torch.cat(apart), atol=1e-5, rtol=1e-4)


def test_two_pipelines_at_once_do_not_disturb_each_other(model):
    encoded = [model.encode_source(picture(seed)) for seed in (3, 5)]
    prepared = [model.prepare(source, given(2)) for source in encoded]
    alone = [model.denoise(noise(2), at(2), one) for one in prepared]
    woven = [model.denoise(noise(2), at(2), one) for one in (prepared[1], prepared[0], prepared[1])]
    assert torch.equal(woven[1], alone[0]) and torch.equal(woven[0], alone[1]) and torch.equal(woven[2], alone[1])
    assert not torch.allclose(alone[0], alone[1], atol=1e-4)


@pytest.mark.slow
def test_the_denoiser_compiles_as_one_graph(model):
    prepared = model.prepare(model.encode_source(picture()), given(2))

    def step(noisy, time):
        return model.denoise(noisy, time, prepared, frames=2)

    compiled = torch.compile(step, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(noise(2), at(2)), step(noise(2), at(2)), atol=1e-5, rtol=1e-4)


@pytest.mark.slow
def test_recomputing_activations_changes_no_gradient():
    gradients = []
    for recompute in (False, True):
        torch.manual_seed(0)
        model = stirred(AniFaceDiff(TOY_SD15))
        model.denoiser.recompute = model.reference_net.recompute = recompute
        prepared = model.prepare(model.encode_source(picture()), given(2))
        model.denoise(noise(2), at(2), prepared, frames=2).square().mean().backward()
        gradients.append([p.grad for p in model.parameters()])
    for kept, recomputed in zip(*gradients, strict=True):
        assert (kept is None) == (recomputed is None)
        if kept is not None:
            torch.testing.assert_close(kept, recomputed)


@pytest.mark.slow
def test_the_trainable_part_of_the_reference_network_is_what_the_features_depend_on():
    torch.manual_seed(0)
    model = stirred(AniFaceDiff(TOY_SD15))
    prepared = model.prepare(model.encode_source(picture()), given(1))
    model.denoise(noise(1), at(1), prepared).square().mean().backward()
    reached = {id(p) for p in model.reference_net.parameters() if p.grad is not None}
    assert reached == {id(p) for p in trainable_reference_parameters(model.reference_net)}


def test_any_latent_size_passes(model):
    source = model.encode_source(randn(1, 3, 136, 104).tanh())
    maps = {name: randn(1, 3, 136, 104).sigmoid() for name in TOY_SD15.maps}
    prepared = model.prepare(source, Conditions(maps, randn(1, TOY_SD15.expression_inputs)))
    assert model.denoise(randn(1, 4, 17, 13), at(1), prepared).shape == (1, 4, 17, 13)


def test_the_preset_has_the_published_layout():
    with torch.device("meta"):
        model, unet = AniFaceDiff(SD15), UNet2DConditionModel(cross_attention_dim=768)
        vae = AutoencoderKL(
            block_out_channels=(128, 256, 512, 512), layers_per_block=2, latent_channels=4,
            down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        )  # fmt: skip
    for ours, theirs in ((model.denoiser, unet), (model.reference_net, unet), (model.codec.vae, vae)):
        shapes = {k: v.shape for k, v in ours.state_dict().items() if ".processor." not in k}
        assert shapes == {k: v.shape for k, v in theirs.state_dict().items()}
    assert len(unet.state_dict()) == 686
    assert sum(p.numel() for p in unet.parameters()) == 859_520_964
    assert len(model.motion.state_dict()) == 20 * 28


def test_the_schedule_of_velocities_starts_in_pure_noise():
    schedule = noise_schedule("v_prediction")
    assert schedule.alphas_cumprod[-1] == 0
    clean, noisy = noise(1), noise(1, seed=8)
    last = torch.tensor([999])
    assert torch.equal(schedule.add_noise(clean, noisy, last), noisy)
    torch.testing.assert_close(schedule.get_velocity(clean, noisy, last), -clean)
