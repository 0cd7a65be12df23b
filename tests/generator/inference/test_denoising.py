"""Test clips longer than a window, on `sd15` at its smallest size."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from generator import AnimateConfig, Animator
from generator.avatars import sample_motion
from generator.inference.clip_work import plan_clip
from generator.inference.latent_store import open_store, scratch_store
from generator.inference.windows import Window, lay_windows

pytestmark = pytest.mark.slow  # together they take several seconds

FEW = AnimateConfig(sampler="lcm", window=12)


@pytest.fixture(scope="module")
def scene(avatar, face, portrait):
    return portrait, face, sample_motion(np.random.default_rng(1), avatar.shape.values, 64)


@pytest.fixture
def animator(toy_sd_model):
    return Animator(toy_sd_model, "0" * 64)


class Stop(Exception):
    pass


def clip(animator, scene, config, frames):
    image, params, drive = scene
    return plan_clip(animator._network, image, params, drive.take(range(frames)), config, (), "")


def latents(animator, work, store=None, stepped=lambda *_: None):
    if store is None:
        with scratch_store(animator._network.latent_shape) as scratch:
            return latents(animator, work, scratch, stepped)
    drawing = animator._drawing(work, store)
    drawing.denoise(stepped)
    return store.read(len(work.settings.sampler.times), 0, work.shape[0])


def pictures_of(drawing):
    return np.concatenate([drawing.pictures(group, lambda *_: None) for group in range(len(drawing.groups))])


def differences(values):
    return (values[1:] - values[:-1]).flatten(1).norm(dim=1).numpy()


def at_borders(changes, windows):
    borders = [window.start - 1 for window in windows[1:]]
    return changes[borders], np.delete(changes, borders)


def test_seams_between_windows_lie_inside_the_interior_distribution(animator, scene, monkeypatch):
    work = clip(animator, scene, FEW, 40)
    seams, interior = at_borders(differences(latents(animator, work)), lay_windows(40, 12, 3))
    assert seams.max() < interior.max() and np.median(seams) < np.quantile(interior, 0.95)

    def fixed(frames, length, step, overlap=0):
        starts = range(0, frames, length)
        return [Window(at, min(at + length, frames), np.ones(min(length, frames - at))) for at in starts]

    monkeypatch.setattr("generator.inference.denoising.lay_windows", fixed)
    seams, interior = at_borders(differences(latents(animator, work)), fixed(40, 12, 3))
    assert seams.max() > interior.max()  # so that the test is able to fail


def test_a_few_step_clip_takes_four_evaluations_a_frame(animator, scene, monkeypatch):
    counted = []
    plain = animator._model.denoise

    def counting(noisy, time, prepared, frames=1):
        counted.append(len(noisy))
        assert 1 < frames == len(noisy) <= 12
        return plain(noisy, time, prepared, frames)

    animator._denoiser = counting
    work = clip(animator, scene, FEW, 26)
    with scratch_store(animator._network.latent_shape) as store:
        drawing = animator._drawing(work, store)
        drawing.denoise(lambda *_: None)
    assert sum(counted) == drawing.evaluations == 4 * 26


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (AnimateConfig(sampler="tcd"), 4.0),
        (AnimateConfig(sampler="lcm", steps=2, guidance=1.5), 4.0),
        (AnimateConfig(steps=30, guidance=3.5, overlap=0), 60.0),
        (AnimateConfig(steps=30, guidance=3.5), 72.0),
    ],
)
def test_evaluations_are_known_beforehand(animator, scene, config, expected):
    image, params, drive = scene
    long = drive.take(np.arange(240) % len(drive))
    work = plan_clip(animator._network, image, params, long, config, (), "")
    with scratch_store(animator._network.latent_shape) as store:
        assert animator._drawing(work, store).evaluations / 240 == pytest.approx(expected)


@pytest.mark.parametrize("config", [FEW, AnimateConfig(sampler="ddim", steps=2, window=16, overlap=2, guidance=2.0)])
def test_an_interrupted_clip_goes_on_to_the_same_bits(animator, scene, config, tmp_path):
    work = clip(animator, scene, config, 26)
    shape = animator._network.latent_shape
    whole = latents(animator, work)
    pieces = 0
    for attempt in range(100):
        left = [attempt % 2]

        def stopping(evaluations, found, left=left):
            left[0] -= not found
            if left[0] < 0:
                raise Stop

        try:
            with open_store(tmp_path / "a.mp4", "k" * 20, shape) as store:
                result = latents(animator, work, store, stopping)
            break
        except Stop:
            pieces += 1
    assert pieces >= 2
    assert torch.equal(whole, result)
    assert not list(tmp_path.iterdir())


def test_a_still_drive_gives_a_still_clip_where_frames_do_not_meet(toy_sd_model, scene):
    still = dataclasses.replace(toy_sd_model.config, motion=None)
    torch.manual_seed(0)
    animator = Animator(type(toy_sd_model)(still).eval().requires_grad_(False), "0" * 64)
    image, params, drive = scene
    work = plan_clip(animator._network, image, params, drive.take([5] * 6), AnimateConfig(steps=2), (), "")
    with scratch_store(animator._network.latent_shape) as store:
        frames = pictures_of(animator._drawing(work, store)).astype(int)
    assert np.abs(frames - frames[:1]).max() <= 1


def test_the_strength_of_the_expression_reaches_the_network(animator, scene):
    one, other, silent = (
        latents(animator, clip(animator, scene, dataclasses.replace(FEW, steps=1, expression=s), 4))
        for s in (1.0, 1.0, 0.0)
    )
    assert torch.equal(one, other) and not torch.allclose(one, silent, atol=1e-4)


def test_bfloat16_draws_what_float32_draws(animator, scene, toy_sd_model):
    half = type(toy_sd_model)(toy_sd_model.config)
    half.load_state_dict(toy_sd_model.state_dict())
    rough = Animator(half.to(torch.bfloat16).eval().requires_grad_(False), "0" * 64)
    config = dataclasses.replace(FEW, steps=2)
    pictures = []
    for each in (animator, rough):
        work = clip(each, scene, config, 4)
        with scratch_store(each._network.latent_shape) as store:
            drawing = each._drawing(work, store)
            drawing.denoise(lambda *_: None)
            pictures.append(pictures_of(drawing).astype(float))
    assert pictures[0].std() > 1
    assert np.abs(pictures[0] - pictures[1]).mean() < 0.05 * pictures[0].std() + 1
    assert work.claim.payload != clip(animator, scene, config, 4).claim.payload


def test_a_compiled_denoiser_is_what_draws(toy_sd_model, scene, monkeypatch):
    runs = []

    def compiling(function):
        def compiled(*arguments):
            runs.append(len(arguments[0]))
            return function(*arguments)

        return compiled

    monkeypatch.setattr(torch, "compile", compiling)
    compiled, plain = (Animator(toy_sd_model, "0" * 64, compiled=flag) for flag in (True, False))
    config = dataclasses.replace(FEW, steps=1)
    one, other = (latents(each, clip(each, scene, config, 4)) for each in (compiled, plain))
    assert torch.equal(one, other) and runs == [4]
