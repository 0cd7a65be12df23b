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


@pytest.mark.slow
def test_the_compiler_is_there_for_whoever_asks_for_it_after_timm():
    code = (
        "import sys, detectors, timm\n"
        "print('torch._dynamo' in sys.modules, type(timm.__spec__.loader).__name__)\n"
        "import torch\nfrom torchvision.ops.roi_align import is_compile_supported\n"
        "print(is_compile_supported('cpu'), torch._dynamo.__file__ is not None)\n"
        "print(float(torch.compile(lambda x: x + 1, backend='eager')(torch.zeros(()))))\n"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["False", "SourceFileLoader", "True", "True", "1.0"]


def test_operators_are_declared_once_and_stay_known():
    first = facetrail_torchvision.declare_missing_operators()
    assert facetrail_torchvision.declare_missing_operators() == first
    import torch

    assert hasattr(torch.ops.torchvision, "nms")
