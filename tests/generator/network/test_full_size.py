"""Test the preset `sd15` at its full size, with random weights: 2.5 thousand million parameters, two frames."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from generator import AnimateConfig, Animator
from generator.avatars import sample_motion
from generator.network.config import SD15
from generator.network.weights_layout import empty_model
from watermark import Deployment, read_mark

CONFIG = dataclasses.replace(SD15, image_size=128, face_model="arkit", expression_inputs=54)


def with_random_weights(config):
    """Build the network with random weights that keep the scale of signals.

    Weights of layers with equally many inputs lie on the same numbers in memory, because 2.5 thousand million of them
    take longer to draw and to store than the network takes to compute.
    """
    model = empty_model(config)
    weights = {name: value.shape for name, value in model.state_dict().items() if value.is_meta and value.ndim > 1}
    sizes = {}
    for shape in weights.values():
        sizes[shape[1:].numel()] = max(sizes.get(shape[1:].numel(), 0), shape.numel())
    drawn = torch.empty(max(sizes.values())).uniform_(-1, 1, generator=torch.Generator().manual_seed(0))
    numbers = {inputs: drawn[:size] * inputs**-0.5 for inputs, size in sizes.items()}
    state = {}
    for name, value in model.state_dict().items():
        if not value.is_meta:
            state[name] = value
        elif name in weights:
            state[name] = numbers[value[0].numel()][: value.numel()].view(value.shape)
        else:
            state[name] = torch.full(value.shape, float("norm" in name and name.endswith("weight")))
    model.load_state_dict(state, assign=True)
    return model.eval().requires_grad_(False)


@pytest.mark.slow
def test_two_frames_come_out_marked(tmp_path, avatar, face, portrait):
    deployment = Deployment.open(tmp_path / "home")
    model = with_random_weights(CONFIG)
    assert sum(p.numel() for p in model.denoiser.parameters()) == 859_520_964 + 19_169_280
    drive = sample_motion(np.random.default_rng(1), avatar.shape.values, 30).take([3, 17])
    animator = Animator(model, "0" * 64)
    clip = animator.animate(portrait, face, drive, deployment, config=AnimateConfig(steps=2, guidance=1.0))
    assert clip.frames.shape == (2, 128, 128, 3)
    assert clip.frames.std() > 1
    assert (clip.frames[0] != clip.frames[1]).any()
    reading = read_mark(clip.frames, deployment.mark_key, search=0)
    assert reading.id == clip.claim.payload.hex
