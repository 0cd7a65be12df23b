"""Test what leaks from a driver to the pictures, and the reconstruction of a source that drives itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from generator import AnimateConfig, Animator
from generator.puppets import render, sample_motion, sample_puppet


@pytest.fixture(scope="module")
def animator():
    return Animator.from_pretrained()


def psnr(a, b):
    return 10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2))


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["relative", "absolute"])
def test_two_drivers_of_opposite_heads_give_the_same_pictures(animator, deployment, mode):
    rng = np.random.default_rng(3)
    puppet = sample_puppet(rng, "gloss")
    drive = sample_motion(rng, puppet, 40).take([0, 13, 29])
    head = np.clip(rng.normal(0, 2, 16), -2.2, 2.2).astype(np.float32)
    picture, config = render(puppet, puppet.neutral()).image, AnimateConfig(mode=mode)
    first, second = (
        animator.animate(picture, puppet.neutral(), drive.with_shape(shape), deployment, config=config)
        for shape in (head, -head)
    )
    assert np.array_equal(first.frames, second.frames)
    assert first.claim.payload == second.claim.payload


@pytest.mark.slow
def test_a_source_that_drives_itself_comes_back(animator, deployment):
    found = []
    for seed in range(4):
        puppet = sample_puppet(np.random.default_rng(seed))
        face = puppet.neutral()
        drive = sample_motion(np.random.default_rng(0), puppet, 2)
        still = replace(
            drive.take([0]), expression=face.expression[None], pose=face.pose[None], gaze=face.gaze[None],
            camera=face.camera[None],
        )  # fmt: skip
        picture = render(puppet, face).image
        for mode in ("relative", "absolute"):
            clip = animator.animate(picture, face, still, deployment, config=AnimateConfig(mode=mode))
            found.append(psnr(clip.frames[0], picture))
    assert min(found) > 30
