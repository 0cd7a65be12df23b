"""Test what leaks from a driver to the pictures, and the reconstruction of a source that drives itself.

The networks have random weights, so that nothing depends on what one of them has learnt.
"""

from __future__ import annotations

import numpy as np
import pytest

from generator import AnimateConfig, Animator, DriveSequence, FaceParams, GeometryAnimator
from generator.avatars import render, sample_avatar, sample_motion


def psnr(a, b):
    return 10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2))


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["relative", "absolute"])
def test_two_drivers_of_opposite_heads_give_the_same_pictures(toy_sd_model, face, portrait, deployment, mode):
    rng = np.random.default_rng(3)
    head = np.clip(rng.normal(0, 1, 120), -1, 1).astype(np.float32)
    drive = sample_motion(rng, head, 40).take([0, 13, 29])
    animator, config = Animator(toy_sd_model, "0" * 64), AnimateConfig(mode=mode, steps=2)
    first, second = (
        animator.animate(portrait, face, drive.with_shape(shape), deployment, config=config) for shape in (head, -head)
    )
    assert np.array_equal(first.frames, second.frames)
    assert first.claim.payload == second.claim.payload


@pytest.mark.slow
@pytest.mark.parametrize("layered", [False, True])
@pytest.mark.parametrize("style", ["real", "anime"])
def test_a_source_that_drives_itself_comes_back_from_moved_layers_whatever_the_network(
    toy_network, deployment, style, layered
):
    """A character's proportions are not in its parameters, and its mood and its turned head are the source's own."""
    avatar = sample_avatar(11, style)
    moment = avatar.params()
    face = FaceParams(
        moment.shape, moment.expression, moment.pose, moment.gaze, np.float32([0.31, 0.5, 0.5]), moment.face_model
    )
    picture = render(avatar, face, 256).picture
    animator = GeometryAnimator(toy_network if layered else None)
    found = []
    for mode in ("relative", "absolute"):
        clip = animator.animate(
            picture, face, DriveSequence.still(face, 25.0), deployment, config=AnimateConfig(mode=mode)
        )
        found.append(psnr(clip.frames[0], picture))
    assert min(found) > 30
