"""The id in a clip's first noise: it survives sampling and is found by sampling backwards, at toy sizes."""

import dataclasses

import numpy as np
import pytest
import torch

from generator import AnimateConfig, Animator, GenerationError
from generator.inference.latent_mark import recover_noise
from generator.inference.latent_store import scratch_store
from generator.inference.sampling import Sampler
from generator.network.config import TOY
from generator.network.model import AniFaceDiff
from generator.puppets import render, sample_motion, sample_puppet
from watermark import Deployment, read_mark
from watermark.mark.codecs import LatentCodec

DDIM = AnimateConfig(steps=6, latent_mark=True)
PLAIN = AnimateConfig(steps=6)


@pytest.fixture(scope="module")
def linear_model():
    """A velocity model whose codec can be inverted, so that pictures lead back to latents."""
    torch.manual_seed(0)
    model = AniFaceDiff(dataclasses.replace(TOY, prediction="v_prediction", compositor_channels=0))
    model.codec.fit(torch.rand(4, 3, TOY.image_size, TOY.image_size) * 2 - 1)
    for parameter in model.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.05)
    return model.eval().requires_grad_(False)


def scene(number=4, frames=2):
    puppet = sample_puppet(np.random.default_rng(number), "gloss")
    motion = sample_motion(np.random.default_rng(1), puppet, frames)
    return render(puppet, puppet.neutral(), 160).image, puppet.neutral(), motion


def drawn_and_recovered(model, config, frames, deployment):
    """Return the first noise, the noise recovered from the clean latents, the work, and the latents."""
    animator = Animator(model, "0" * 64)
    image, params, drive = scene(frames=frames)
    work = animator._plan(image, params, drive, config, (), "", deployment)
    with scratch_store(animator._network.latent_shape) as store:
        drawing = animator._drawing(work, store)
        drawing.denoise(lambda *_: None)
        for group in range(len(drawing.groups)):
            drawing.pictures(group, lambda *_: None)
        latents = store.read(len(work.settings.sampler.times) if model.motion else 0, 0, frames)
        with torch.inference_mode():
            found = recover_noise(animator._task(work, store), latents)
    return work.settings.sampler.noise(animator._network.latent_shape), found, work, latents


@pytest.mark.parametrize("steps", [2, 3, 25])
def test_a_step_backwards_undoes_a_step(steps):
    sampler = Sampler("ddim", steps, "v_prediction", 0)
    latent, velocity = torch.randn(2, 3, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    for step in range(steps):
        after = sampler.advance(step, latent, velocity)
        torch.testing.assert_close(sampler.retreat(step, after, velocity), latent, atol=1e-3, rtol=1e-4)


@pytest.mark.parametrize(("frames", "guidance"), [(1, 1.0), (3, 3.5)])
def test_the_noise_comes_back_with_guidance_and_through_temporal_modules(toy_sd_model, deployment, frames, guidance):
    config = dataclasses.replace(DDIM, guidance=guidance)
    noise, found, work, latents = drawn_and_recovered(toy_sd_model, config, frames, deployment)
    torch.testing.assert_close(found, noise.expand_as(found), atol=0.02, rtol=0)
    assert (latents - noise).abs().mean() > 0.1  # the network has changed them
    codec = LatentCodec(deployment.mark_key, noise.shape[1:], nonce=work.source.tobytes())
    reading = codec.read(found.mean(0).numpy())
    assert reading.id == work.claim.payload.hex
    assert reading.p_value < 1e-100


def test_marked_pictures_tell_the_id_of_their_noise_and_others_do_not(linear_model, deployment):
    """Through pixels of 8 bits and the mark in them, which hardly touches the latents."""
    animator = Animator(linear_model, "0" * 64)
    clip = animator.animate(*scene(), deployment, config=DDIM)
    assert read_mark(clip.frames, deployment.mark_key).id == clip.claim.payload.hex
    reading = animator.read_latent_mark(clip.frames, *scene(), deployment, config=DDIM)
    assert (reading.id, reading.p_value < 1e-100) == (clip.claim.payload.hex, True)
    assert animator.read_latent_mark(clip.frames, *scene(5), deployment, config=DDIM).p_value > 1e-6
    plain = animator.animate(*scene(), deployment, config=PLAIN)
    assert animator.read_latent_mark(plain.frames, *scene(), deployment, config=DDIM).p_value > 1e-6


def test_clips_without_it_read_none_under_many_keys(linear_model, deployment):
    noise, found, work, _ = drawn_and_recovered(
        linear_model, dataclasses.replace(DDIM, latent_mark=False), 2, bytes(32)
    )
    torch.testing.assert_close(found, noise.expand_as(found), atol=0.02, rtol=0)
    mean = found.mean(0).numpy()
    codecs = [LatentCodec(number.to_bytes(32, "big"), mean.shape, nonce=work.source.tobytes()) for number in range(300)]
    assert min(codec.read(mean).p_value for codec in codecs) > 1e-6


def test_earlier_mark_keys_are_tried(linear_model, tmp_path):
    animator, own = Animator(linear_model, "0" * 64), Deployment.open(tmp_path / "home")
    clip = animator.animate(*scene(), own, config=DDIM)
    reading = animator.read_latent_mark(clip.frames, *scene(), own.rotate_mark_key(), config=DDIM)
    assert reading.id == clip.claim.payload.hex
    assert reading.p_value < 1e-6


def test_it_is_off_unless_asked_for_and_then_another_work(linear_model, deployment):
    assert not AnimateConfig().latent_mark
    animator = Animator(linear_model, "0" * 64)
    with_it, without = (animator.animate(*scene(), deployment, config=config) for config in (DDIM, PLAIN))
    assert with_it.claim.payload != without.claim.payload
    assert not np.array_equal(with_it.frames, without.frames)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sampler": "lcm", "steps": 4}, "draws fresh noise"),
        ({"paste_back": True}, "pasting back"),
        ({"steps": 1}, "one step forgets it"),
    ],
)
def test_what_cannot_be_recovered_is_refused_before_any_work(linear_model, deployment, changes, reason):
    animator = Animator(linear_model, "0" * 64)
    with pytest.raises(GenerationError, match=reason):
        animator.animate(*scene(), deployment, config=dataclasses.replace(DDIM, **changes))


def test_models_and_clips_that_cannot_be_inverted_are_refused(toy_model, toy_sd_model, linear_model, deployment):
    with pytest.raises(GenerationError, match="predicts clean latents and a compositor draws"):
        Animator(toy_model, "0" * 64).animate(*scene(), deployment, config=DDIM)
    frames = np.zeros((13, 128, 128, 3), np.uint8)
    config = dataclasses.replace(DDIM, window=12)
    with pytest.raises(GenerationError, match="13 frames cannot be recovered, because they do not fit into one window"):
        Animator(toy_sd_model, "0" * 64).read_latent_mark(frames, *scene(frames=13), deployment, config=config)
    with pytest.raises(GenerationError, match="are not this clip's"):
        Animator(linear_model, "0" * 64).read_latent_mark(frames, *scene(), deployment, config=DDIM)
