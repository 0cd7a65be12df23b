from __future__ import annotations

import numpy as np
import pytest

from generator import EXPRESSION, FaceParams
from generator.face.source_warp import SourceWarp
from generator.puppets import render, sample_motion, sample_puppet


def psnr(a, b, where):
    return 10 * np.log10(255**2 / np.mean((a[where].astype(float) - b[where]) ** 2))


def test_moving_a_source_onto_itself_changes_nothing(puppet):
    image = render(puppet, puppet.neutral(), 256).image
    scene = SourceWarp(image, puppet.neutral())(puppet.neutral())
    assert np.abs(scene.moved.astype(int) - image).mean() < 0.6
    assert (scene.guides[..., 0] == scene.guides[..., 2]).all()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_the_moved_face_is_nearer_the_truth_than_the_source(seed):
    rng = np.random.default_rng(seed)
    puppet = sample_puppet(rng, "flat")
    motion = sample_motion(rng, puppet, 60)
    warp = SourceWarp(render(puppet, motion[3], 256).image, motion[3])
    gains = []
    for index in (20, 35, 50):
        truth = render(puppet, motion[index], 256)
        scene = warp(motion[index])
        face = (truth.labels == 1) & (scene.guides[..., 0] > 0) & (scene.guides[..., 1] > 0)
        gains.append(
            psnr(scene.moved, truth.image, face) - psnr(render(puppet, motion[3], 256).image, truth.image, face)
        )
    assert np.mean(gains) > 2.0


def test_lids_of_the_source_close_over_its_eyes(puppet):
    blink = puppet.neutral().expression.copy()
    blink[[EXPRESSION.index("blink_l"), EXPRESSION.index("blink_r")]] = 1
    p = puppet.neutral()
    shut = FaceParams(p.shape, blink, p.pose, p.gaze, p.camera)
    frame = render(puppet, p, 256)
    moved = SourceWarp(frame.image, p)(shut).moved
    truth = render(puppet, shut, 256).image
    eyes = frame.labels == 2
    assert (
        np.abs(moved[eyes].astype(int) - truth[eyes]).mean()
        < 0.5 * np.abs(frame.image[eyes].astype(int) - truth[eyes]).mean()
    )


def test_hidden_parts_are_reported(puppet):
    p = puppet.neutral()
    left, right = (FaceParams(p.shape, p.expression, np.float32([yaw, 0, 0]), p.gaze, p.camera) for yaw in (-0.8, 0.8))
    guides = SourceWarp(render(puppet, left, 256).image, left)(right).guides
    head = guides[..., 0] > 0
    assert 0.1 < (guides[..., 1][head] == 0).mean() < 0.8
