from __future__ import annotations

import dataclasses

import pytest
import torch

from generator.geometry import GUIDES, TURNS
from generator.network.attention import DecoupledCrossAttention
from generator.network.config import TOY
from generator.network.model import AniFaceDiff, Conditions
from generator.network.schedule import noise_schedule


def batch(count, seed=0):
    g = torch.Generator().manual_seed(seed)
    size = TOY.image_size
    maps = {
        "moved": torch.rand(count, 3, size, size, generator=g) * 2 - 1,
        "guides": torch.rand(count, len(GUIDES), size, size, generator=g),
        "turned": torch.rand(count, TURNS, size // 2, size // 2, generator=g),
    }
    return Conditions(maps, expression=torch.rand(count, TOY.expression_inputs, generator=g))


def source(count=1, seed=1):
    return torch.rand(count, 3, TOY.image_size, TOY.image_size, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def noise(count):
    return torch.randn(count, TOY.latent_channels, TOY.grid, TOY.grid, generator=torch.Generator().manual_seed(2))


def denoised(model, noisy, time, encoded, given):
    return model.denoise(noisy, time, model.prepare(encoded, given))


def adapters(model):
    return [m for m in model.denoiser.modules() if isinstance(m, DecoupledCrossAttention)]


@pytest.fixture
def fresh():
    torch.manual_seed(0)
    model = AniFaceDiff(TOY)
    model.codec.fit(source(4))
    return model.eval().requires_grad_(False)


def test_an_untrained_adapter_changes_nothing(fresh):
    encoded, time = fresh.encode_source(source()), torch.full((2,), 500)
    given = batch(2)
    prepared = fresh.prepare(encoded, given)
    assert torch.equal(
        fresh.denoise(noise(2), time, prepared), fresh.denoise(noise(2), time, prepared.with_strength(0.0))
    )


def test_an_untrained_spatial_encoder_changes_nothing(fresh):
    encoded, time = fresh.encode_source(source()), torch.full((2,), 500)
    one, other = batch(2), batch(2, seed=9)
    other = dataclasses.replace(one, maps={**other.maps, "moved": one.maps["moved"]})
    assert torch.equal(denoised(fresh, noise(2), time, encoded, one), denoised(fresh, noise(2), time, encoded, other))


def test_expression_reaches_every_cross_attention_layer(toy_model):
    names = [name for name, _ in toy_model.denoiser.named_modules() if name.endswith("attn2")]
    assert len(names) == len(adapters(toy_model)) > 0
    encoded, time = toy_model.encode_source(source()), torch.full((2,), 500)
    one = batch(2)
    other = dataclasses.replace(one, expression=one.expression + 1)
    assert not torch.allclose(
        denoised(toy_model, noise(2), time, encoded, one), denoised(toy_model, noise(2), time, encoded, other)
    )


def test_the_expression_of_one_frame_does_not_touch_another(toy_model):
    encoded, time = toy_model.encode_source(source()), torch.full((2,), 500)
    one = batch(2)
    expression = one.expression.clone()
    expression[1] += 1
    first, second = (
        denoised(toy_model, noise(2), time, encoded, given)
        for given in (one, dataclasses.replace(one, expression=expression))
    )
    torch.testing.assert_close(first[0], second[0], atol=1e-5, rtol=1e-4)
    assert not torch.allclose(first[1], second[1])


@pytest.mark.parametrize("name", TOY.maps)
def test_every_map_reaches_the_denoiser(toy_model, name):
    encoded, time = toy_model.encode_source(source()), torch.full((2,), 500)
    one, other = batch(2), batch(2, seed=9)
    changed = dataclasses.replace(one, maps={**one.maps, name: other.maps[name]})
    assert not torch.allclose(
        denoised(toy_model, noise(2), time, encoded, one), denoised(toy_model, noise(2), time, encoded, changed)
    )


def test_the_reference_is_read_by_attention(toy_model):
    time, given = torch.full((1,), 500), batch(1)
    encoded, other = toy_model.encode_source(source()), toy_model.encode_source(source(seed=5))
    mixed = dataclasses.replace(encoded, bank=other.bank)
    assert not torch.allclose(
        denoised(toy_model, noise(1), time, encoded, given), denoised(toy_model, noise(1), time, mixed, given)
    )
    assert set(encoded.bank) == {name for name, _ in toy_model.denoiser.named_modules() if name.endswith("attn1")}


def test_nothing_is_remembered_between_calls(toy_model):
    time, given = torch.full((1,), 500), batch(1)
    encoded = toy_model.encode_source(source())
    before = denoised(toy_model, noise(1), time, encoded, given)
    denoised(toy_model, noise(1), time, toy_model.encode_source(source(seed=8)), given)
    assert torch.equal(before, denoised(toy_model, noise(1), time, encoded, given))


def test_frames_of_two_sources_in_one_batch_do_not_mix(toy_model):
    time, given, pictures = torch.full((4,), 300), batch(4), source(2)
    together = denoised(toy_model, noise(4), time, toy_model.encode_source(pictures), given)
    for index in range(2):
        frames = slice(2 * index, 2 * index + 2)
        apart = denoised(
            toy_model, noise(4)[frames], time[:2], toy_model.encode_source(pictures[index : index + 1]), given[frames]
        )
        torch.testing.assert_close(together[frames], apart, atol=1e-4, rtol=1e-3)


def test_the_codec_inverts_on_its_span_and_keeps_the_best_components(toy_model):
    latents = noise(2)
    torch.testing.assert_close(toy_model.codec.encode(toy_model.codec.decode(latents)), latents, atol=1e-4, rtol=1e-4)
    basis = toy_model.codec.basis
    torch.testing.assert_close(basis.T @ basis, torch.eye(basis.shape[1]), atol=1e-4, rtol=0)


def test_the_schedule_is_that_of_diffusers_and_ends_in_pure_noise():
    from diffusers import DDIMScheduler

    theirs = DDIMScheduler(
        beta_start=8.5e-4, beta_end=1.2e-2, beta_schedule="scaled_linear", rescale_betas_zero_snr=True
    )
    ours, time = noise_schedule("v_prediction"), torch.tensor([0, 500, 999])
    assert torch.equal(ours.alphas_cumprod, theirs.alphas_cumprod) and ours.alphas_cumprod[-1] == 0
    clean, added = noise(3), noise(3).flip(0)
    assert torch.equal(ours.add_noise(clean, added, time), theirs.add_noise(clean, added, time))
    assert torch.equal(ours.get_velocity(clean, added, time), theirs.get_velocity(clean, added, time))
