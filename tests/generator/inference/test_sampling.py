from __future__ import annotations

import pytest
import torch
from diffusers import DDIMScheduler

from generator.errors import GenerationError
from generator.inference.sampling import Sampler, forwards, predict
from generator.network.schedule import noise_schedule

SAMPLERS = [("ddim", 25), ("ddim", 3), ("lcm", 4), ("tcd", 4)]


def latents(seed=0):
    return torch.randn(6, 4, 8, 8, generator=torch.Generator().manual_seed(seed))


def run(sampler, predict, groups=((0, 6),)):
    latent = sampler.noise((4, 8, 8)).expand(6, -1, -1, -1)
    for step, time in enumerate(sampler.times):
        parts = [sampler.advance(step, latent[a:b], predict(latent, time)[a:b]) for a, b in groups]
        latent = torch.cat(parts)
    return latent


@pytest.mark.parametrize(("name", "steps"), SAMPLERS)
@pytest.mark.parametrize("prediction", ["sample", "v_prediction"])
def test_a_network_that_knows_the_answer_is_followed_to_it(name, steps, prediction):
    clean, schedule = latents(), noise_schedule(prediction)

    def oracle(latent, time):
        if prediction == "sample":
            return clean
        alpha = schedule.alphas_cumprod[time]
        noise = (latent - alpha.sqrt() * clean) / (1 - alpha).sqrt()
        return schedule.get_velocity(clean, noise, torch.tensor([time]))

    found = run(Sampler(name, steps, prediction, 0), oracle)
    torch.testing.assert_close(found, clean, atol=0.15 if name == "tcd" else 0.02, rtol=0)  # TCD ends at time 0


@pytest.mark.parametrize(("name", "steps"), SAMPLERS)
def test_frames_share_their_noise_and_may_step_in_any_grouping(name, steps):
    sampler = Sampler(name, steps, "v_prediction", 7)

    def network(latent, time):
        return 0.3 * latent - 0.1

    whole = run(sampler, network)
    assert torch.equal(whole, whole[:1].expand_as(whole))
    assert torch.equal(whole, run(sampler, network, groups=((0, 1), (1, 4), (4, 6))))
    assert torch.equal(whole, run(Sampler(name, steps, "v_prediction", 7), network))
    assert not torch.equal(whole, run(Sampler(name, steps, "v_prediction", 8), network))


@pytest.mark.parametrize(("name", "steps"), SAMPLERS)
def test_every_sampler_starts_in_pure_noise_of_the_one_schedule(name, steps):
    sampler = Sampler(name, steps, "v_prediction", 0)
    assert sampler.times[0] == 999 and len(sampler.times) == steps
    assert list(sampler.times) == sorted(sampler.times, reverse=True)
    if name != "ddim":
        assert torch.equal(sampler._few_steps.alphas_cumprod, noise_schedule("v_prediction").alphas_cumprod)


@pytest.mark.parametrize("prediction", ["sample", "v_prediction"])
@pytest.mark.parametrize("steps", [1, 2, 3, 7, 25, 30, 50])
def test_ddim_takes_the_steps_of_diffusers(steps, prediction):
    theirs = DDIMScheduler(
        beta_start=8.5e-4, beta_end=1.2e-2, beta_schedule="scaled_linear", rescale_betas_zero_snr=True,
        timestep_spacing="trailing", prediction_type=prediction, clip_sample=False,
    )  # fmt: skip
    theirs.set_timesteps(steps)
    ours = Sampler("ddim", steps, prediction, 0)
    assert list(ours.times) == theirs.timesteps.tolist()
    for step, time in enumerate(ours.times):
        expected = theirs.step(latents(1), time, latents()).prev_sample
        assert torch.equal(ours.advance(step, latents(), latents(1)), expected)


@pytest.mark.parametrize("steps", range(1, 1001, 37))
def test_ddim_takes_as_many_steps_as_were_asked_for(steps):
    times = Sampler("ddim", steps, "sample", 0).times
    assert len(times) == steps and times[0] == 999 and min(times) >= 0


@pytest.mark.parametrize(("name", "steps"), [("ddim", 0), ("ddim", 1001), ("lcm", 51), ("euler", 4)])
def test_steps_that_no_sampler_takes_are_refused(name, steps):
    with pytest.raises(GenerationError, match=r"choose 1 to|there are: ddim, lcm, tcd"):
        Sampler(name, steps, "v_prediction", 0)


class Prepared:
    context = torch.zeros(6, 1, 2)

    def __init__(self, value=3.0):
        self.value = value

    def unconditional(self):
        return Prepared(1.0)


def test_guidance_goes_from_the_unconditional_prediction_through_the_conditional_one():
    def denoise(noisy, time, prepared, frames):
        return torch.full_like(noisy, prepared.value)

    for scale, expected in ((0.0, 1.0), (1.0, 3.0), (3.5, 8.0)):
        assert torch.equal(
            predict(denoise, latents(), 500, Prepared(), guidance=scale), torch.full((6, 4, 8, 8), expected)
        )


def test_without_guidance_the_network_runs_once():
    calls = []

    def denoise(noisy, time, prepared, frames):
        calls.append(prepared.value)
        return noisy

    for scale in (1.0, 2.0):
        calls.clear()
        predict(denoise, latents(), 500, Prepared(), guidance=scale)
        assert len(calls) == forwards(scale)
    assert calls == [3.0, 1.0]


def test_numbers_that_left_their_range_stop_the_work():
    with pytest.raises(GenerationError, match=r"left the range of torch\.float32"):
        predict(lambda noisy, *_: noisy / 0, latents(), 500, Prepared())
