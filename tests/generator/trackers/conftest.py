"""Provide inputs from outside the repository; tests that need an absent one are skipped with its name."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.errors import TrackerError
from generator.trackers import FaceMesh, find_face_mesh

FACES = Path(__file__).resolve().parents[4] / "shared" / "data" / "faces"


@pytest.fixture(scope="session")
def mesh() -> FaceMesh:
    try:
        return FaceMesh(find_face_mesh())
    except TrackerError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def faces() -> Path:
    if not FACES.is_dir():
        pytest.skip("pictures of faces are not there: ../shared/data/faces")
    return FACES
