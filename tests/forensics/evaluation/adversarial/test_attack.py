"""Attacks stay within ε, move the score the way they were told, and break a detector that nothing defends."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from detectors import Detector, TrainConfig, create_detector, train_detector
from forensics.errors import InputError
from forensics.evaluation.adversarial import Attack, attack_frames
from forensics.faces import cut_crops

from ....detectors.grain import crops_of

SIZE, EDGE = 64, 12
BOX = np.array([EDGE + 6, EDGE + 6, EDGE + 55.2, EDGE + 55.2])  # with the margin: 64 px, the crop's own size
POINTS = np.zeros((68, 2), np.float32)


@pytest.fixture(scope="module")
def toy() -> Detector:
    """Trained to tell grain from smoothed grain."""
    torch.set_num_threads(1)
    detector = create_detector("toy_resnet18")
    config = TrainConfig(epochs=4, batch_size=16, seed=1)
    train_detector(detector, crops_of(160), config, validation=crops_of(48, seed=9))
    return detector


def scene(count: int = 24) -> tuple[list[np.ndarray], np.ndarray]:
    """Frames around fresh crops, and their labels."""
    fresh = crops_of(count, seed=20)
    frames = [np.pad(crop, ((EDGE, EDGE), (EDGE, EDGE), (0, 0)), mode="edge") for crop in fresh.crops]
    return frames, np.asarray(fresh.labels)


def probabilities(detector: Detector, frames: list[np.ndarray]) -> np.ndarray:
    return detector.probabilities(cut_crops(frames, np.stack([BOX] * len(frames)), detector.spec))


def attacked(detector: Detector, attack: Attack, seed: int = 0, count: int = 24) -> list[np.ndarray]:
    frames, labels = scene(count)
    boxes, points = np.stack([BOX] * count), np.stack([POINTS] * count)
    return attack_frames(detector, frames, boxes, points, 1 - 2 * labels, attack, np.random.default_rng(seed))


def harm(detector: Detector, frames: list[np.ndarray]) -> np.ndarray:
    """How far the logits went towards the other class's answer."""
    boxes = np.stack([BOX] * len(frames))
    labels = scene(len(frames))[1]
    before, after = (
        detector.embed(cut_crops(shown, boxes, detector.spec))[0] for shown in (scene(len(frames))[0], frames)
    )
    return (after - before) * (1 - 2 * labels)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fgsm", "pgd"])
@pytest.mark.parametrize("epsilon", [1, 4, 8])
def test_no_pixel_changes_by_more_than_epsilon_and_none_outside_the_crop(toy, method, epsilon) -> None:
    frames, _ = scene()
    changed = attacked(toy, Attack(method, epsilon))
    difference = np.stack(changed).astype(int) - np.stack(frames)
    assert np.abs(difference).max() == epsilon
    border = np.ones(difference.shape[1:3], bool)
    border[EDGE - 2 : -EDGE + 2, EDGE - 2 : -EDGE + 2] = False
    assert not difference[:, border].any()
    assert all(frame.dtype == np.uint8 for frame in changed)


@pytest.mark.parametrize("method", ["fgsm", "pgd"])
def test_nothing_is_changed_at_epsilon_zero(toy, method) -> None:
    frames, _ = scene()
    assert np.array_equal(attacked(toy, Attack(method, 0)), frames)


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fgsm", "pgd"])
def test_a_wider_epsilon_harms_more_on_average(toy, method) -> None:
    harms = [harm(toy, attacked(toy, Attack(method, epsilon))).mean() for epsilon in (1, 2, 4, 8)]
    assert harms[0] > 0
    assert (np.diff(harms) > 0).all()


@pytest.mark.slow
def test_more_steps_harm_more_than_one_and_a_random_change_harms_hardly(toy) -> None:
    frames, _ = scene()
    rng = np.random.default_rng(1)
    noise = [np.clip(frame + rng.choice([-4, 4], frame.shape), 0, 255).astype(np.uint8) for frame in frames]
    random, single, many = (
        harm(toy, shown).mean() for shown in (noise, attacked(toy, Attack("fgsm", 4)), attacked(toy, Attack("pgd", 4)))
    )
    assert many >= single > 3 * abs(random)


@pytest.mark.slow
def test_pgd_at_eight_levels_breaks_an_undefended_detector(toy) -> None:
    frames, labels = scene()
    assert ((probabilities(toy, frames) > 0.5) == labels).mean() > 0.85
    assert ((probabilities(toy, attacked(toy, Attack("pgd", 8))) > 0.5) == labels).mean() < 0.15


def test_the_seed_decides_and_fgsm_draws_nothing(toy) -> None:
    first, again, other = (attacked(toy, Attack("pgd", 4), seed, 4) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.array_equal(attacked(toy, Attack("fgsm", 4), 1, 4), attacked(toy, Attack("fgsm", 4), 2, 4))


def test_the_network_is_left_as_it_was(toy) -> None:
    before = {name: value.clone() for name, value in toy.model.state_dict().items()}
    toy.model.zero_grad(set_to_none=True)
    attacked(toy, Attack("pgd", 4), count=4)
    assert all(torch.equal(before[name], value) for name, value in toy.model.state_dict().items())
    assert all(parameter.grad is None for parameter in toy.model.parameters())


def test_what_is_no_attack_is_refused(toy) -> None:
    for wrong in ({"method": "deepfool"}, {"epsilon": -1}, {"epsilon": 256}, {"steps": 0}):
        with pytest.raises(InputError):
            Attack(**wrong)
    clips = Detector(replace(toy.spec, frames=4), toy.model)
    with pytest.raises(InputError, match="judges clips"):
        attacked(clips, Attack("pgd", 4), count=4)
