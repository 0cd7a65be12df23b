"""Build a real, untrained detector at toy size: its scores have no meaning and depend on every pixel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from detectors import Detector, create_detector
from forensics.corpus import Corpus, Slice, Split
from forensics.evaluation.robustness import GridRun


@pytest.fixture(scope="session")
def toy() -> Detector:
    return create_detector("toy_cpu", seed=1)


@pytest.fixture
def make_run(tiny_corpus: Corpus, toy: Detector, tmp_path: Path) -> Callable[..., GridRun]:
    def make(**changes: Any) -> GridRun:
        samples = tiny_corpus.where(split=Split.TEST, slice=Slice.MAIN)
        settings: dict[str, Any] = {
            "detector": toy,
            "corpus": tiny_corpus,
            "samples": samples,
            "detector_digest": "toy",
            "per_clip": 2,
            "lead": 1,
            "folder": tmp_path / "cells",
        }
        return GridRun(**{**settings, **changes})

    return make
