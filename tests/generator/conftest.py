"""Provide what several generator tests need: tiny real models, one avatar, and a separate deployment."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from generator import FaceParams
from generator.avatars import Avatar, render, sample_avatar
from generator.inference.layer_network import LayerNetwork
from generator.network.config import TOY, TOY_SD15
from generator.network.model import AniFaceDiff
from generator.network.patch_codec import PatchCodec
from watermark import Deployment
from watermark.identity.private_files import write_private

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Return a deployment with one key for every run, so that reading a mark does not depend on the random key."""
    folder = tmp_path_factory.mktemp("deployment")
    write_private(folder / "mark.key", bytes(range(32)))
    return Deployment.open(folder)


@pytest.fixture(scope="session")
def avatar() -> Avatar:
    """Return an avatar of the style "real", whose shape is all in its parameters."""
    return sample_avatar(4, "real")


@pytest.fixture(scope="session")
def face(avatar: Avatar) -> FaceParams:
    """Return the avatar's face as it looks into the camera, at rest."""
    return FaceParams.neutral(avatar.shape.values, face_model="arkit")


@pytest.fixture(scope="session")
def portrait(avatar: Avatar, face: FaceParams) -> np.ndarray:
    """Return the picture (256, 256, 3) of that face."""
    picture: np.ndarray = render(avatar, face, 256).picture
    picture.setflags(write=False)
    return picture


@pytest.fixture(scope="session")
def toy_model() -> AniFaceDiff:
    torch.manual_seed(0)
    model = AniFaceDiff(TOY)
    assert isinstance(model.codec, PatchCodec)
    model.codec.fit(torch.rand(4, 3, TOY.image_size, TOY.image_size) * 2 - 1)
    for parameter in model.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.02)
    return model.eval().requires_grad_(False)


@pytest.fixture(scope="session")
def toy_network(toy_model: AniFaceDiff) -> LayerNetwork:
    """Return the toy of `mini` as it improves moved layers."""
    return LayerNetwork(toy_model, toy_model.denoise, "0" * 64, (("model.safetensors", "0" * 64),))


def _sd_model(motion: bool) -> AniFaceDiff:
    torch.manual_seed(0)
    model = AniFaceDiff(TOY_SD15 if motion else dataclasses.replace(TOY_SD15, motion=None))
    for parameter in model.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.05)
    model.eval().requires_grad_(False)
    # A video's encoder would wash the mark out of fine texture of full contrast.
    model.state_dict()["codec.vae.decoder.conv_out.weight"].mul_(0.3)
    return model


@pytest.fixture(scope="session")
def toy_sd_model() -> AniFaceDiff:
    """Return `sd15` at its smallest size, with non-zero weights in every path that starts at zero."""
    return _sd_model(motion=True)


@pytest.fixture(scope="session")
def toy_still_model() -> AniFaceDiff:
    """Return the same without temporal modules: every frame is drawn by itself."""
    return _sd_model(motion=False)


@pytest.fixture
def weights_folder(tmp_path: Path, toy_model: AniFaceDiff) -> Path:
    from generator.network.weights_io import save_pretrained

    save_pretrained(toy_model.state_dict(), TOY, tmp_path / "weights", {"name": "toy"})
    return tmp_path / "weights"
