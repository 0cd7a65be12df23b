"""Test that importing the package loads nothing that only some weights need."""

from __future__ import annotations

import subprocess
import sys

import pytest

import facetrail_torchvision


@pytest.mark.slow
def test_the_room_opens_without_the_packages_that_only_sd15_and_training_need():
    code = (
        "import sys, generator, generator.trackers\n"
        "slow = {'diffusers', 'torchvision', 'timm', 'transformers', 'accelerate', 'sklearn', 'torch._dynamo'}\n"
        "print(sorted(slow & set(sys.modules)))\n"
        "import torchvision, diffusers\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_operators_are_declared_once_and_stay_known():
    first = facetrail_torchvision.declare_missing_operators()
    assert facetrail_torchvision.declare_missing_operators() == first
    import torch

    assert hasattr(torch.ops.torchvision, "nms")
