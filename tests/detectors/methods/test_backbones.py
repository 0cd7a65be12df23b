"""Test pretrained weights: they come from a file or the local cache, are never incomplete and never downloaded."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from detectors import WeightsError, create_detector, list_detectors
from detectors.methods import backbones
from detectors.methods.backbones import create_backbone


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Return weights of the toy ResNet as timm publishes them, with a classifier of a thousand classes."""
    torch.manual_seed(3)
    model = create_backbone(list_detectors("toy_resnet18")[0], num_classes=1000)
    folder = tmp_path_factory.mktemp("weights")
    save_file(model.state_dict(), folder / "model.safetensors")
    return folder


@pytest.mark.parametrize("name", ["toy_resnet18", "toy_srm", "toy_f3net", "toy_face_xray", "toy_flicker"])
def test_a_backbone_starts_from_the_weights_of_a_file_or_a_folder(weights, name):
    models = [create_detector(name, pretrained=path).model for path in (weights, weights / "model.safetensors")]
    states = [model.state_dict() for model in models]
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
    published = load_file(weights / "model.safetensors")["layer3.0.conv1.weight"]
    assert any(torch.equal(value, published) for key, value in states[0].items() if "layer3.0.conv1" in key)


def test_weights_are_found_in_the_cache_and_nothing_is_fetched(weights, monkeypatch):
    asked = []
    monkeypatch.setattr(backbones, "try_to_load_from_cache", lambda repo, file: asked.append((repo, file)))
    with pytest.raises(WeightsError, match=r"not in the local cache: `hf download timm/resnet18.a1_in1k model"):
        create_detector("resnet18", pretrained=True)
    assert asked == [("timm/resnet18.a1_in1k", "model.safetensors")]
    monkeypatch.setattr(backbones, "try_to_load_from_cache", lambda repo, file: str(weights / file))
    blank = np.zeros((1, 64, 64, 3), np.uint8)
    cached, given = (create_detector("toy_resnet18", pretrained=source).embed(blank) for source in (True, weights))
    assert np.array_equal(cached[1], given[1])


def test_a_file_that_is_absent_a_pickle_or_of_another_network_is_refused_in_one_line(weights, tmp_path):
    cases = {
        tmp_path / "none.safetensors": "does not exist",
        tmp_path / "model.pth": "a pickle can run code",
        tmp_path: "does not exist",
    }
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"not weights")
    cases[broken] = "cannot be built from"
    other = tmp_path / "other.safetensors"
    save_file({"something": torch.zeros(3)}, other)
    cases[other] = "gives no values|cannot be built from"
    for path, message in cases.items():
        with pytest.raises(WeightsError, match=message) as caught:
            create_detector("toy_resnet18", pretrained=path)
        assert "\n" not in str(caught.value)


def test_weights_that_leave_a_layer_random_are_refused(weights, tmp_path):
    tensors = load_file(weights / "model.safetensors")
    save_file({key: value for key, value in tensors.items() if "layer4" not in key}, tmp_path / "half.safetensors")
    with pytest.raises(WeightsError, match="layer4"):
        create_detector("toy_resnet18", pretrained=tmp_path / "half.safetensors")
