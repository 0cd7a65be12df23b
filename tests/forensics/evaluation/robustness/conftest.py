"""Build a real, untrained detector at toy size: its scores have no meaning and depend on every pixel."""

import pytest

from detectors import Detector, create_detector
from forensics.corpus import Slice, Split
from forensics.evaluation.robustness import GridRun


@pytest.fixture(scope="session")
def toy() -> Detector:
    return create_detector("toy_cpu", seed=1)


@pytest.fixture
def make_run(tiny_corpus, toy, tmp_path):
    def make(**changes):
        samples = tiny_corpus.where(split=Split.TEST, slice=Slice.MAIN)
        settings = {
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
