"""Test the public interface: its names, and the packages it must never import."""

from __future__ import annotations

import subprocess
import sys

import pytest

import detectors


def test_the_door_lists_its_names_in_order_and_has_them_all():
    assert list(detectors.__all__) == sorted(detectors.__all__)
    assert all(hasattr(detectors, name) for name in detectors.__all__)


def test_every_error_of_the_room_is_caught_by_its_base():
    names = [name for name in detectors.__all__ if name.endswith("Error")]
    assert len(names) > 3
    assert all(issubclass(getattr(detectors, name), detectors.DetectorError) for name in names)


@pytest.mark.slow
def test_importing_the_room_brings_in_no_other_room():
    program = "import sys, detectors; print(sorted({'watermark', 'generator', 'forensics'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
