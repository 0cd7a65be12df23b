"""Test that training says what a corpus lacks before it looks for any face."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics import cli
from forensics.corpus import Corpus, Label, Sample, Split, write_manifest
from forensics.corpus.importers import import_corpus


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    rng = np.random.default_rng(0)
    for number in range(8):
        for name in (f"0_real/{number:03d}.png", f"1_fake/{number:03d}_{(number ^ 1):03d}.png"):
            path = tmp_path / "source" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 255, (16, 16, 3), dtype=np.uint8)).save(path)
    return import_corpus(tmp_path / "source", tmp_path / "corpus")[0]


def train(corpus: Corpus, samples: list[Sample], *options: str) -> int:
    write_manifest(corpus.root, samples)
    out = corpus.root.parent / "detector"
    return cli.main(["train", "detector", str(corpus.root), "--out", str(out), "--detector", "toy_resnet18", *options])


@pytest.mark.parametrize("split", [Split.TRAIN, Split.VAL])
@pytest.mark.parametrize("source", ["forged", "self-blended"])
def test_a_missing_split_is_named_with_the_ways_out(
    corpus: Corpus, capsys: pytest.CaptureFixture[str], split: Split, source: str
) -> None:
    kept = [replace(sample, split=Split.TEST) if sample.split is split else sample for sample in corpus.samples]
    assert train(corpus, kept, "--training-source", source) == 1
    error = capsys.readouterr().err
    assert f"holds no samples in its {split} split" in error
    assert f"facetrail corpus split {corpus.root}" in error
    assert "--split identity" in error
    assert not list(corpus.root.parent.glob(".detector*"))


def test_a_split_without_one_class_is_named(corpus: Corpus, capsys: pytest.CaptureFixture[str]) -> None:
    kept = [one for one in corpus.samples if one.split is not Split.VAL or one.label is Label.GENUINE]
    assert train(corpus, kept) == 1
    assert "holds no forged samples in its val split" in capsys.readouterr().err


def test_learning_from_forgeries_needs_them(corpus: Corpus, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(corpus, [one for one in corpus.samples if one.label is Label.GENUINE]) == 1
    error = capsys.readouterr().err
    assert "holds no forged samples to learn from" in error
    assert "--training-source self-blended" in error
