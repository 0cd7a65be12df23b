"""What sets each method apart."""

import numpy as np
import pytest
import torch
from torch import nn

from detectors import create_detector
from detectors.effort import SingularResidual
from detectors.residual import ResidualStem


def trained_share(detector):
    counts = [(weight.numel(), weight.requires_grad) for weight in detector.model.parameters()]
    return sum(number for number, trained in counts if trained) / sum(number for number, _ in counts)


def test_a_probe_trains_nothing_but_its_classifier():
    names = [name for name, weight in create_detector("toy_probe").model.named_parameters() if weight.requires_grad]
    assert names == ["classifier.weight", "classifier.bias"]


def test_norm_tuning_trains_the_layer_norms_and_classifies_unit_features():
    detector = create_detector("toy_norm_tuned")
    names = [name for name, weight in detector.model.named_parameters() if weight.requires_grad]
    assert all("norm" in name or name.startswith("classifier") for name in names)
    norms = sum(isinstance(module, nn.LayerNorm) for module in detector.model.modules())
    assert len(names) == 2 * norms + 2
    _, features = detector.embed(np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8))
    assert np.linalg.norm(features, axis=1) == pytest.approx(np.ones(3), abs=1e-5)


def test_norm_tuning_prefers_spread_features_that_gather_by_label():
    model = create_detector("toy_norm_tuned").model
    labels = torch.tensor([0.0, 0.0, 1.0, 1.0])
    logits = torch.zeros(4)
    axes = torch.eye(4)
    gathered = axes[[0, 0, 1, 1]]
    mixed = axes[[0, 1, 0, 1]]
    collapsed = axes[[0, 0, 0, 0]]
    losses = [float(model.objective(features, logits, labels)) for features in (gathered, mixed, collapsed)]
    assert losses[0] < losses[1] < losses[2]


def test_effort_trains_one_singular_direction_of_each_attention_matrix():
    detector = create_detector("toy_effort")
    blocks = [module for module in detector.model.modules() if isinstance(module, SingularResidual)]
    width = blocks[0].right.shape[-1]
    trained = sum(weight.numel() for weight in detector.model.parameters() if weight.requires_grad)
    depth = len(blocks) // 2
    # q, k, v and out: one left vector, one value, one right vector each; and the classifier
    assert trained == depth * 4 * (2 * width + 1) + width + 1
    assert trained_share(detector) < 0.05


@pytest.mark.parametrize("blocks", [1, 3])
def test_effort_starts_as_the_layer_it_took_over_and_folds_back_into_one(blocks):
    torch.manual_seed(0)
    linear = nn.Linear(12, 12 * blocks)
    taken = SingularResidual(linear, blocks=blocks)
    tokens = torch.randn(5, 12)
    assert torch.allclose(taken(tokens), linear(tokens), atol=1e-5)
    with torch.no_grad():
        taken.left.mul_(1.5)
    assert not torch.allclose(taken(tokens), linear(tokens), atol=1e-3)
    assert torch.allclose(taken.folded()(tokens), taken(tokens), atol=1e-5)


def test_effort_keeps_the_leading_singular_directions_of_every_block():
    torch.manual_seed(0)
    linear = nn.Linear(8, 24)
    taken = SingularResidual(linear, blocks=3)
    for kept, whole in zip(taken.main, linear.weight.reshape(3, 8, 8), strict=True):
        singular = torch.linalg.svdvals(whole)
        assert torch.allclose(torch.linalg.svdvals(kept)[:-1], singular[:-1], atol=1e-5)
        assert torch.linalg.svdvals(kept)[-1] < 1e-5


def test_residual_planes_are_blind_to_flat_colour_and_to_slopes():
    ramp = torch.linspace(-1, 1, 32).expand(1, 3, 32, 32).clone()
    planes = ResidualStem()(ramp)
    assert planes.shape == (1, 6, 32, 32)
    assert torch.equal(planes[:, :3], ramp)
    assert planes[:, 3:, 4:-4, 4:-4].abs().max() < 1e-4


def test_residual_planes_see_what_a_slight_blur_takes_away():
    noise = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 0.05
    blurred = nn.functional.avg_pool2d(noise, 3, stride=1, padding=1)
    stem = ResidualStem()
    assert stem(blurred)[:, 3:].abs().mean() < 0.5 * stem(noise)[:, 3:].abs().mean()
