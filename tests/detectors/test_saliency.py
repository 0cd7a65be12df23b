"""Test that the saliency maps of every method react where the evidence was placed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from detectors import CropError, Detector, create_detector, explain, find_spec, list_detectors
from detectors.methods.networks import DetectorNetwork, cross_entropy
from detectors.preprocessing import to_input

torch.set_num_threads(1)

SIZE = 64


def noise(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, SIZE, SIZE, 3), dtype=np.uint8)


class RednessNetwork(DetectorNetwork):
    """Classify red as manipulated: one fixed convolution, with its mean over the crop as the only feature."""

    def __init__(self):
        convolution = nn.Conv2d(3, 1, 3, padding=1, bias=False)
        with torch.no_grad():
            convolution.weight.zero_()
            convolution.weight[0, 0] = 1 / 9
            convolution.weight[0, 1:] = -1 / 9
        super().__init__(nn.Sequential(convolution, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()), 1)
        nn.init.ones_(self.classifier.weight)


@pytest.mark.parametrize("corner", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_the_map_of_a_known_network_lies_on_what_it_was_shown(corner):
    crops = np.full((1, SIZE, SIZE, 3), 128, np.uint8)
    top, left = (place * SIZE // 2 + 8 for place in corner)
    crops[0, top : top + 16, left : left + 16] = (255, 0, 0)
    found = explain(Detector(find_spec("toy_resnet18"), RednessNetwork()), crops)[0]
    inside = found[top : top + 16, left : left + 16].sum()
    assert inside / found.sum() > 0.8
    assert found.max() == 1.0


def test_a_known_network_has_nothing_that_speaks_for_the_other_answer():
    crops = np.full((1, SIZE, SIZE, 3), 128, np.uint8)
    crops[0, 8:24, 8:24] = (255, 0, 0)
    found = explain(Detector(find_spec("toy_resnet18"), RednessNetwork()), crops, "genuine")
    assert not found.any()


@pytest.mark.parametrize("name", [spec.name for spec in list_detectors("toy*")])
def test_every_method_gives_a_map_of_each_crop_that_follows_the_crop(name):
    detector = create_detector(name, seed=1)
    one, other = (explain(detector, noise(max(2, detector.spec.frames), seed)) for seed in (0, 1))
    assert one.shape == (max(2, detector.spec.frames), SIZE, SIZE)
    assert np.isfinite(one).all() and one.min() >= 0 and one.max() <= 1
    opposite = explain(detector, noise(max(2, detector.spec.frames)), "genuine")
    assert max(one.max(), opposite.max()) == 1.0
    assert not np.allclose(one, other) or not np.allclose(opposite, 0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["toy_vit_small", "toy_ln_clip"])
def test_a_transformer_trained_on_a_patch_looks_at_the_patch(name):
    detector = create_detector(name, seed=0)
    detector.model.requires_grad_(True)
    crops, labels = noise(32, 2) // 4, torch.arange(32) % 2
    crops[1::2, 16:32, 32:48] += 160
    optimiser = torch.optim.Adam(detector.model.parameters(), 3e-3)
    batch = to_input(crops, detector.spec)
    for _ in range(40):
        optimiser.zero_grad()
        cross_entropy(detector.model(batch), labels.float()).backward()
        optimiser.step()
    assert torch.equal(detector.model(batch) > 0, labels == 1)
    maps = explain(detector, crops[1::2]).mean(axis=0)
    assert maps[16:32, 32:48].mean() > 2 * maps.mean()


def test_explaining_leaves_the_detector_as_it_was():
    detector = create_detector("toy_vit_small", seed=0)
    before = detector.probabilities(noise(2))
    explain(detector, noise(2))
    assert np.array_equal(detector.probabilities(noise(2)), before)
    assert all(parameter.grad is None for parameter in detector.model.parameters())
    assert all(not module._forward_hooks for module in detector.model.modules())


def test_crops_of_another_size_are_refused():
    with pytest.raises(CropError):
        explain(create_detector("toy_resnet18"), np.zeros((1, 32, 32, 3), np.uint8))
