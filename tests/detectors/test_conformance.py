"""What every detector must do, whatever its method."""

import numpy as np
import pytest
import torch

from detectors import CropError, DetectorCard, create_detector, list_detectors, load_detector, save_detector
from detectors.preprocessing import to_input

TOYS = [spec.name for spec in list_detectors("toy*")]
CARD = DetectorCard(data="noise", data_digest="0" * 64, split="none", licence="Apache-2.0")


def crops_for(detector, count=3, seed=0):
    size = detector.spec.input_size
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", TOYS)
def test_a_detector_gives_one_probability_per_crop(name):
    detector = create_detector(name)
    found = detector.probabilities(crops_for(detector, 5))
    assert found.shape == (5,)
    assert found.dtype == np.float64
    assert ((found > 0) & (found < 1)).all()


@pytest.mark.parametrize("name", TOYS)
def test_a_score_is_the_mean_of_its_frames(name):
    detector = create_detector(name)
    crops = crops_for(detector)
    score = detector.score(crops)
    assert score.detector == name
    assert score.frames == 3
    assert score.frame_probabilities == tuple(detector.probabilities(crops))
    assert score.probability == pytest.approx(np.mean(score.frame_probabilities))
    assert not score.calibrated
    assert not score.in_scope


@pytest.mark.parametrize("name", TOYS)
def test_a_crop_is_judged_alone_whatever_stands_beside_it(name):
    detector = create_detector(name)
    crops = crops_for(detector, 3)
    alone = np.concatenate([detector.probabilities(crop[None]) for crop in crops])
    assert detector.probabilities(crops) == pytest.approx(alone, abs=1e-6)


@pytest.mark.parametrize("name", TOYS)
def test_the_seed_decides_the_weights_and_leaves_the_global_generator_alone(name):
    torch.manual_seed(7)
    state = torch.get_rng_state()
    first, again, other = (create_detector(name, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.get_rng_state(), state)
    weights = [dict(detector.model.named_parameters()) for detector in (first, again, other)]
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])
    assert any(not torch.equal(weights[0][key], weights[2][key]) for key in weights[0])


@pytest.mark.parametrize("name", TOYS)
def test_the_loss_reaches_every_trained_parameter_and_no_frozen_one(name):
    detector = create_detector(name)
    model = detector.model.train()
    with torch.no_grad():  # timm starts the last normalisation of a residual block at zero, which blocks its branch
        for weight in model.parameters():
            weight.add_(0.01)
    batch = to_input(crops_for(detector, 4), detector.spec)
    features = model.features(batch)
    loss = model.objective(features, model.classifier(features)[:, 0], torch.tensor([0.0, 1.0, 0.0, 1.0]))
    loss.backward()
    trained = {key: weight for key, weight in model.named_parameters() if weight.requires_grad}
    silent = [key for key, weight in trained.items() if weight.grad is None or not weight.grad.abs().sum()]
    # a bias ahead of batch normalisation or of a softmax over keys cannot move the output
    assert len(silent) <= 0.1 * len(trained), silent
    assert all(weight.grad is None for weight in model.parameters() if not weight.requires_grad)


@pytest.mark.parametrize("name", ["toy_plain", "toy_residual"])
def test_the_gradient_reaches_the_first_layer_of_a_network_trained_whole(name):
    detector = create_detector(name)
    model = detector.model.train()
    model(to_input(crops_for(detector, 4), detector.spec)).sum().backward()
    first = next(iter(model.backbone.parameters()))
    assert first.dim() == 4
    assert first.grad is not None and first.grad.abs().sum() > 0


@pytest.mark.parametrize("name", TOYS)
def test_a_saved_detector_loads_as_the_same_function(name, tmp_path):
    detector = create_detector(name, seed=3)
    crops = crops_for(detector)
    save_detector(detector, tmp_path / name, CARD)
    assert np.array_equal(load_detector(tmp_path / name).probabilities(crops), detector.probabilities(crops))


@pytest.mark.parametrize(
    "crops",
    [
        np.zeros((2, 32, 32, 3), np.uint8),
        np.zeros((0, 64, 64, 3), np.uint8),
        np.zeros((64, 64, 3), np.uint8),
        np.zeros((1, 64, 64, 3), np.float32),
        np.zeros((1, 3, 64, 64), np.uint8),
    ],
)
def test_crops_that_break_the_contract_are_refused(crops):
    with pytest.raises(CropError, match="toy_plain"):
        create_detector("toy_plain").score(crops)
