"""Test the requirements on every detector, whatever its method: each spec is built at toy size."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from detectors import (
    CropError,
    DetectorCard,
    create_detector,
    export_onnx,
    list_detectors,
    load_detector,
    save_detector,
)
from detectors.methods.batch import Batch
from detectors.preprocessing import to_input

torch.set_num_threads(1)

TOYS = [spec.name for spec in list_detectors("toy*")]
FROZEN = {"toy_linear_probe", "toy_ln_clip", "toy_effort"}
CARD = DetectorCard(data="noise", data_digest="0" * 64, split="none", licence="Apache-2.0")
REFUSED = ("non-commercial", "cc-by-nc", "-nc-", "noncommercial")


def crops_for(detector, count=None, seed=0):
    """Return the crops of one clip: as many as two windows need, or the given number."""
    size = detector.spec.input_size
    count = count or (3 if detector.spec.frames == 1 else 2 * detector.spec.frames)
    coarse = np.random.default_rng(seed).integers(0, 256, (count, size // 4, size // 4, 3), dtype=np.uint8)
    return coarse.repeat(4, axis=1).repeat(4, axis=2)


def batch_for(detector, pairs=2):
    spec = detector.spec
    many = crops_for(detector, 2 * pairs * spec.frames)
    crops = many if spec.frames == 1 else many.reshape(2 * pairs, spec.frames, *many.shape[1:])
    masks = torch.linspace(0, 1, spec.input_size).expand(pairs, spec.input_size, -1)
    return Batch(to_input(crops, spec), torch.tensor([0.0, 1.0] * pairs), torch.ones(pairs, dtype=torch.bool), masks)


def test_every_spec_has_a_toy_of_the_same_method_and_contract():
    specs, toys = list_detectors(), list_detectors("toy*")
    assert [f"toy_{spec.name}" for spec in specs] == [toy.name for toy in toys]
    for spec, toy in zip(specs, toys, strict=True):
        assert (spec.method, spec.mean, spec.std, spec.crop_margin) == (toy.method, toy.mean, toy.std, toy.crop_margin)


@pytest.mark.parametrize("spec", list_detectors(), ids=lambda spec: spec.name)
def test_a_spec_states_its_whole_contract_and_starts_from_weights_that_may_be_used(spec):
    import timm

    assert spec.crop_contract.keys() == {
        "input_size", "crop_margin", "crop_pct", "alignment", "frames", "mean", "std"
    }  # fmt: skip
    assert spec.crop_pct == 1.0
    assert spec.licence and spec.paper and spec.summary
    assert timm.is_model(spec.backbone.partition(".")[0])
    published = timm.get_pretrained_cfg(spec.backbone)
    licence = (published.license or "") if published else ""
    assert not any(term in f"{licence} {spec.licence}".lower() for term in REFUSED)
    if "." in spec.backbone:
        assert licence, "the tag of the weights is known to timm and says its licence"


@pytest.mark.parametrize("name", TOYS)
def test_a_detector_gives_one_probability_per_crop_and_always_the_same(name):
    detector = create_detector(name)
    crops = crops_for(detector, 6)
    found = detector.probabilities(crops)
    assert found.shape == (6,)
    assert found.dtype == np.float64
    assert ((found > 0) & (found < 1)).all()
    assert np.array_equal(found, detector.probabilities(crops))
    assert np.array_equal(found, create_detector(name).probabilities(crops))


@pytest.mark.parametrize("name", TOYS)
def test_a_score_is_the_mean_of_its_frames(name):
    detector = create_detector(name)
    crops = crops_for(detector)
    score = detector.score(crops)
    assert score.detector == name
    assert score.frames == len(crops)
    assert score.frame_probabilities == tuple(detector.probabilities(crops))
    assert score.probability == pytest.approx(np.mean(score.frame_probabilities))
    assert not score.calibrated
    assert not score.in_scope


@pytest.mark.parametrize("name", TOYS)
def test_a_crop_or_clip_is_judged_alone_whatever_stands_beside_it(name):
    detector = create_detector(name)
    frames = detector.spec.frames
    crops = crops_for(detector, 3 * frames)
    alone = [detector.probabilities(crops[first : first + frames]) for first in range(0, 3 * frames, frames)]
    assert detector.probabilities(crops) == pytest.approx(np.concatenate(alone), abs=1e-6)


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
    with torch.no_grad():  # timm initialises the last normalisation of a residual block to zero, which blocks it
        for weight in model.parameters():
            weight.add_(0.01)
    model.loss(batch_for(detector)).backward()
    trained = {key: weight for key, weight in model.named_parameters() if weight.requires_grad}
    silent = [key for key, weight in trained.items() if weight.grad is None or not weight.grad.abs().sum()]
    # a bias before batch normalisation or before a softmax over keys cannot change the output
    assert len(silent) <= 0.1 * len(trained), silent
    assert all(weight.grad is None for weight in model.parameters() if not weight.requires_grad)


@pytest.mark.parametrize("name", [name for name in TOYS if name not in FROZEN])
def test_the_gradient_reaches_the_first_layer_of_a_network_trained_whole(name):
    detector = create_detector(name)
    model = detector.model.train()
    model(batch_for(detector).crops).sum().backward()
    first = next(weight for weight in model.backbone.parameters() if weight.dim() == 4)
    assert first.grad is not None and first.grad.abs().sum() > 0


@pytest.mark.parametrize("name", TOYS)
def test_one_step_down_the_gradient_lowers_the_loss(name):
    detector = create_detector(name)
    model, batch = detector.model.eval(), batch_for(detector)
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    before = model.loss(batch)
    gradients = torch.autograd.grad(before, trained, allow_unused=True)
    norm = torch.stack([gradient.norm() for gradient in gradients if gradient is not None]).norm()
    with torch.no_grad():
        for weight, gradient in zip(trained, gradients, strict=True):
            if gradient is not None:
                weight.sub_(1e-3 * gradient / norm)
        assert float(model.loss(batch)) < float(before)


@pytest.mark.parametrize("name", TOYS)
def test_a_saved_detector_loads_as_the_same_function(name, tmp_path):
    detector = create_detector(name, seed=3)
    crops = crops_for(detector)
    save_detector(detector, tmp_path / name, CARD)
    assert np.array_equal(load_detector(tmp_path / name).probabilities(crops), detector.probabilities(crops))


@pytest.mark.slow
@pytest.mark.parametrize("name", TOYS)
def test_an_exported_detector_answers_as_the_original_does(name, tmp_path):
    import onnxruntime

    detector = create_detector(name, seed=3)
    with torch.no_grad():  # logits far from 0, so that agreement is meaningful
        detector.model.classifier.weight.mul_(20)
    export_onnx(detector, tmp_path / "detector.onnx")
    engine = onnxruntime.InferenceSession(tmp_path / "detector.onnx", providers=["CPUExecutionProvider"])
    for count in (1, 3):  # the batch size is free
        crops = crops_for(detector, count * detector.spec.frames)
        rows = crops if detector.spec.frames == 1 else crops.reshape(count, detector.spec.frames, *crops.shape[1:])
        logits, probabilities = engine.run(None, {"crops": rows})
        wanted, _ = detector.embed(rows)
        assert np.abs(logits - wanted).max() < 1e-4
        assert np.abs(probabilities - 1 / (1 + np.exp(-wanted))).max() < 1e-4


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
@pytest.mark.parametrize("name", ["toy_resnet18", "toy_video"])
def test_crops_that_break_the_contract_are_refused(name, crops):
    with pytest.raises(CropError, match=name):
        create_detector(name).score(crops)
