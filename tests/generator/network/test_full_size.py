"""Test the preset `sd15` at its full size, with random weights: 2.5 thousand million parameters, two frames."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from generator import AnimateConfig, Animator
from generator.network.config import SD15
from generator.network.weights_layout import empty_model
from generator.puppets import render, sample_motion, sample_puppet
from watermark import Deployment, read_mark

CONFIG = dataclasses.replace(SD15, image_size=256, face_model="puppet", expression_inputs=14)


def with_random_weights(config):
    """Build the network with random weights that keep the scale of signals."""
    model, generator = empty_model(config), torch.Generator().manual_seed(0)
    state = {}
    for name, value in model.state_dict().items():
        if not value.is_meta:
            state[name] = value
        elif value.ndim > 1:
            spread = value[0].numel() ** -0.5
            state[name] = torch.empty(value.shape).uniform_(-spread, spread, generator=generator)
        else:
            state[name] = torch.full(value.shape, float("norm" in name and name.endswith("weight")))
    model.load_state_dict(state, assign=True)
    return model.eval().requires_grad_(False)


@pytest.mark.slow
def test_two_frames_come_out_marked(tmp_path):
    deployment = Deployment.open(tmp_path / "home")
    model = with_random_weights(CONFIG)
    assert sum(p.numel() for p in model.denoiser.parameters()) == 859_520_964 + 19_169_280
    rng = np.random.default_rng(1)
    puppet = sample_puppet(rng)
    drive = sample_motion(rng, puppet, 30).take([3, 17])
    animator = Animator(model, "0" * 64)
    clip = animator.animate(
        render(puppet, puppet.neutral(), 256).image, puppet.neutral(), drive, deployment,
        config=AnimateConfig(steps=2, guidance=1.0),
    )  # fmt: skip
    assert clip.frames.shape == (2, 256, 256, 3)
    assert clip.frames.std() > 1
    assert (clip.frames[0] != clip.frames[1]).any()
    reading = read_mark(clip.frames, deployment.mark_key, search=0)
    assert reading.id == clip.claim.payload.hex
