"""The worst errors that are kept: the right videos, with crops and maps that belong to them."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detectors import create_detector
from forensics.cli.commands.evaluate_options import failures
from forensics.corpus import Corpus, Slice, Split
from forensics.errors import UsageError
from forensics.evaluation import EvalReport, ScoreTable
from forensics.evaluation.run import Evaluated, Settings
from forensics.evaluation.run.score_corpus import score_samples
from forensics.execution.progress import silent
from forensics.reporting import read_failures
from forensics.reporting.failure_pictures import ScoredTest, keep_failures, overlay, worst_errors


def table_of(scores: list[float], labels: list[int], covered: list[bool] | None = None) -> ScoreTable:
    names = tuple(f"v{index}" for index in range(len(scores)))
    return ScoreTable(
        names,
        tuple((name,) for name in names),
        np.array(labels),
        np.array(scores),
        ("main",) * len(scores),
        covered=np.array(covered or [True] * len(scores)),
    )


def test_the_worst_errors_are_those_furthest_on_the_wrong_side() -> None:
    table = table_of([0.9, 0.7, 0.95, 0.2, 0.1, 0.45, 0.8], [0, 0, 0, 0, 1, 1, 1])
    found = worst_errors(table, 0.5, most=2)
    assert [(one.video, one.label) for one in found] == [("v2", 0), ("v0", 0), ("v4", 1), ("v5", 1)]


def test_a_detector_without_errors_has_none_and_a_video_without_a_face_is_no_picture() -> None:
    assert worst_errors(table_of([0.1, 0.9], [0, 1]), 0.5) == ()
    assert worst_errors(table_of([0.9, 0.6, 0.9], [0, 0, 1], [False, True, True]), 0.5)[0].video == "v1"


def test_the_colour_of_a_map_lies_where_the_map_is() -> None:
    crop = np.full((8, 8, 3), 100, np.uint8)
    heat = np.zeros((8, 8))
    heat[2, 3] = 1.0
    shown = overlay(crop, heat).astype(int)
    assert (shown[heat == 0] == 100).all()
    assert shown[2, 3, 0] > shown[2, 3, 2] + 80


@pytest.mark.parametrize("name", ["toy_resnet18", "toy_vit_small"])
def test_crops_and_maps_of_a_corpus_errors_lie_beside_their_record(
    tiny_corpus: Corpus, tmp_path: Path, name: str
) -> None:
    detector = create_detector(name, seed=0)
    samples = tiny_corpus.where(split=Split.TEST, slice=Slice.MAIN)
    table = score_samples(detector, tiny_corpus, samples, per_clip=2)
    threshold = float(np.median(table.by_video().scores))
    kept = keep_failures(ScoredTest(detector, tiny_corpus, samples, table, threshold, 2), tmp_path / "toy", most=1)
    assert kept
    assert [one.label for one in kept] == sorted(one.label for one in kept)
    for failure in read_failures(tmp_path, tmp_path / "toy"):
        crop, heat = (np.array(Image.open(tmp_path / path)) for path in (failure.crop, failure.heat))
        assert crop.shape == heat.shape == (64, 64, 3)
        assert not np.array_equal(crop, heat)
        assert (failure.score > threshold) == (failure.label == 0)
        scores = [score for video, score in zip(table.videos, table.scores, strict=True) if video == failure.video]
        assert failure.frame_score == pytest.approx(max(scores) if failure.label == 0 else min(scores))
        assert detector.probabilities(crop[None])[0] == pytest.approx(failure.frame_score)


def test_the_option_of_evaluate_wants_a_folder_and_writes_into_it(tiny_corpus: Corpus, tmp_path: Path) -> None:
    detector = create_detector("toy_resnet18", seed=0)
    samples = tiny_corpus.where(split=Split.TEST, slice=Slice.MAIN)
    table = score_samples(detector, tiny_corpus, samples, per_clip=1)
    report = EvalReport("c", "toy", "p", 0, (), True, float(np.median(table.by_video().scores)))
    one = Evaluated(report, table, Settings(per_clip=1), detector=detector, corpus=tiny_corpus, samples=samples)
    options = argparse.Namespace(failures=1)
    assert failures.is_wanted(options)
    with pytest.raises(UsageError, match="-o DIR"):
        list(failures.measure(options, [one], silent))
    there = dataclasses.replace(one, folder=tmp_path / "toy")
    assert list(failures.measure(options, [there], silent)) == []
    assert read_failures(tmp_path, tmp_path / "toy")
