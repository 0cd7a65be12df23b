"""Provide what several generator tests need: a tiny real model and a separate deployment."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

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
def toy_sd_model() -> AniFaceDiff:
    """Return `sd15` at its smallest size, with non-zero weights in every path that starts at zero."""
    torch.manual_seed(0)
    model = AniFaceDiff(TOY_SD15)
    for parameter in model.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.05)
    return model.eval().requires_grad_(False)


@pytest.fixture
def weights_folder(tmp_path: Path, toy_model: AniFaceDiff) -> Path:
    from generator.network.weights_io import save_pretrained

    save_pretrained(toy_model.state_dict(), TOY, tmp_path / "weights", {"name": "toy"})
    return tmp_path / "weights"
