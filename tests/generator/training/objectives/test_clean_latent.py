"""Test the objective of layered models, on `mini` at its smallest size."""

from __future__ import annotations

import copy
import dataclasses

import pytest
import torch
from safetensors.torch import save_file

from generator.errors import TrainingError
from generator.network.config import TOY
from generator.training.config import ObjectiveConfig
from generator.training.data.batch import collate
from generator.training.objectives.clean_latent import CleanLatent, _window
from generator.training.objectives.features import FeatureDistance

from ..training_stand_ins import RandomExamples

PLAIN = ObjectiveConfig(window=3, drop_expression=0.0)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def batch():
    return collate([RandomExamples(2, sizes=TOY)[number] for number in range(2)])


def with_trust(batch, trust):
    guides = batch.maps["guides"].clone()
    guides[:, 0] = trust
    return dataclasses.replace(batch, maps={**batch.maps, "guides": guides})


def losses(model, batch, config=PLAIN):
    with torch.no_grad():
        return {name: float(value) for name, value in CleanLatent(config)(model, batch, seeded()).items()}


def with_shut_gate(model):
    """Return a copy that always composes the layers as they are, so that the loss is that of the layers."""
    shut = copy.deepcopy(model)
    torch.nn.init.zeros_(shut.compositor.tail.weight)
    shut.compositor.tail.bias.data[-4:] = -100.0
    return shut


def test_the_loss_is_the_sum_of_its_parts(toy_model, batch):
    found = losses(toy_model, batch)
    total = found.pop("loss")
    assert set(found) == {"latent", "picture", "edges", "gate"} and min(found.values()) > 0
    assert total == pytest.approx(sum(found.values()), rel=1e-5)


def test_layers_that_are_trusted_everywhere_leave_nothing_to_compose(toy_model, batch):
    found = losses(toy_model, with_trust(batch, 255))
    assert found["picture"] == found["edges"] == found["gate"] == 0 and found["latent"] > 0


def test_what_is_hidden_is_compared_and_what_is_trusted_is_not(toy_model, batch):
    """A target that differs from the layers in trusted places alone costs nothing."""
    half = with_trust(batch, 255)
    half.maps["guides"][:, 0, :, :64] = 0
    half.maps["moved"][:] = half.target
    spoiled = half.target.clone()
    spoiled[..., 72:] = 255 - spoiled[..., 72:]
    whole = dataclasses.replace(PLAIN, window=8)
    given = dataclasses.replace(half, target=spoiled)
    shut = with_shut_gate(toy_model)
    assert losses(shut, half, whole)["picture"] == pytest.approx(0, abs=1e-6)
    assert losses(shut, given, whole)["picture"] == pytest.approx(0, abs=1e-6)
    spoiled[..., :56] = 255 - spoiled[..., :56]
    assert losses(shut, dataclasses.replace(half, target=spoiled), whole)["picture"] > 0.1


def test_eyes_and_mouth_count_three_times(toy_model, batch):
    shut = with_shut_gate(toy_model)
    given = with_trust(batch, 0)
    target, labels = given.maps["moved"].clone(), torch.zeros_like(given.labels)
    labels[:, :64] = 3
    target[:, :, :64] = 255 - target[:, :, :64]
    whole = dataclasses.replace(PLAIN, window=8)
    found = [
        losses(shut, dataclasses.replace(given, target=target, labels=labels * mark), whole)["picture"]
        for mark in (0, 1)
    ]
    assert found[1] / found[0] == pytest.approx(3 / 2, rel=1e-3)  # three of four parts of the weight, instead of a half


def test_the_expression_is_dropped_for_a_whole_batch(toy_model, batch):
    other = dataclasses.replace(batch, expression=batch.expression + 1)
    dropped = dataclasses.replace(PLAIN, drop_expression=1.0)
    assert losses(toy_model, batch, dropped) == losses(toy_model, other, dropped)
    assert losses(toy_model, batch) != losses(toy_model, other)


def test_windows_lie_mostly_around_a_place_that_may_change_and_always_inside():
    open_to_change = torch.zeros(2, 1, 128, 128)
    open_to_change[1, 0, 100, 37] = 1
    inside = 0
    for seed in range(300):
        rows, columns = _window(open_to_change, 3, 16, seeded(seed))
        assert rows.stop - rows.start == columns.stop - columns.start == 3
        assert rows.start >= 0 and rows.stop <= 8 and columns.start >= 0 and columns.stop <= 8
        inside += rows.start <= 6 < rows.stop and columns.start <= 2 < columns.stop
    # Four fifths look for an open place, half of them in a frame that has none; a sixth of the others holds it.
    assert inside / 300 == pytest.approx(0.4 + 0.6 / 6, abs=0.08)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Return random weights of the network that compares features."""
    import timm

    torch.manual_seed(0)
    network = timm.create_model("tf_efficientnet_lite0", features_only=True, out_indices=(0, 1, 2))
    path = tmp_path_factory.mktemp("features") / "lite0.safetensors"
    save_file(network.state_dict(), path)
    return path


def test_the_distance_of_features_is_0_of_equal_pictures_and_grows_with_their_difference(weights):
    distance = FeatureDistance(weights)
    true, noise = (torch.rand(2, 3, 64, 64, generator=seeded(seed)) * 2 - 1 for seed in (0, 1))
    weight = torch.ones(2, 1, 64, 64)
    assert float(distance(true, true, weight)) == 0
    little, much = (float(distance(true + share * (noise - true), true, weight)) for share in (0.1, 1.0))
    assert 0 < little < much
    assert not any(parameter.requires_grad for parameter in distance.parameters())


def test_the_distance_counts_where_the_weight_is_and_reaches_the_picture(weights):
    distance = FeatureDistance(weights)
    true = torch.rand(1, 3, 128, 128, generator=seeded()) * 2 - 1
    ours = true.clone()
    ours[..., :16] *= -1
    weight = torch.zeros(1, 1, 128, 128)
    weight[..., 112:] = 1
    beside = float(distance(ours, true, weight))
    weight = weight.flip(-1)
    assert beside < 0.2 * float(distance(ours, true, weight))
    ours.requires_grad_(True)
    distance(ours, true, weight).backward()
    assert ours.grad.abs().sum() > 0
    assert float(distance(ours.detach(), true, torch.zeros_like(weight))) == 0


def test_the_objective_adds_the_distance_of_features(toy_model, batch, weights):
    config = dataclasses.replace(PLAIN, features=str(weights), perceptual=0.5)
    found, twice, plain = (
        losses(toy_model, batch, each) for each in (config, dataclasses.replace(config, perceptual=1.0), PLAIN)
    )
    assert found["perceptual"] > 0 and twice["perceptual"] == pytest.approx(2 * found["perceptual"], rel=1e-5)
    assert found["loss"] == pytest.approx(plain["loss"] + found["perceptual"], rel=1e-5)
    assert "perceptual" not in losses(toy_model, batch, dataclasses.replace(config, perceptual=0.0))


def test_weights_that_are_none_are_refused_in_one_line(weights, tmp_path):
    junk, other, less = (tmp_path / f"{name}.safetensors" for name in ("junk", "other", "less"))
    junk.write_bytes(b"no weights at all")
    from safetensors.torch import load_file

    state = load_file(weights)
    save_file({name: value for name, value in state.items() if name != "conv_stem.weight"}, less)
    save_file({**state, "conv_stem.weight": torch.zeros(3)}, other)
    for path, says in (
        (tmp_path / "none.safetensors", r"none\.safetensors: no ImageNet weights .*run `facetrail models get"),
        (junk, r"junk\.safetensors: no ImageNet weights"),
        (other, r"other\.safetensors: no ImageNet weights"),
        (less, r"less\.safetensors: lacks conv_stem\.weight"),
    ):
        with pytest.raises(TrainingError, match=says) as refusal:
            FeatureDistance(path)
        assert "\n" not in str(refusal.value)
