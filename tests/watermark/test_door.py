from __future__ import annotations

import subprocess
import sys

import pytest

import watermark


def test_the_door_offers_what_it_imports_and_nothing_else():
    assert len(watermark.__all__) == len(set(watermark.__all__))
    public = {
        name
        for name, value in vars(watermark).items()
        if not name.startswith("_") and getattr(value, "__module__", "").startswith("watermark.")
    }
    constants = {name for name in watermark.__all__ if name.isupper()}
    assert public == set(watermark.__all__) - constants


def test_the_errors_have_one_base():
    errors = [getattr(watermark, name) for name in watermark.__all__ if name.endswith("Error")]
    assert all(issubclass(error, watermark.WatermarkError) for error in errors)
    assert len(errors) == 8


@pytest.mark.slow
def test_the_room_needs_no_torch():
    code = "import sys, watermark; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
