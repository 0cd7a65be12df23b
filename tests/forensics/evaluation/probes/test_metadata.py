"""What files show on the outside, and what it gives away."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from forensics.corpus import Corpus, Label, Slice
from forensics.corpus.importers.importing import import_corpus
from forensics.errors import CorpusError
from forensics.evaluation.probes.metadata import probe_metadata, probe_packaging
from forensics.evaluation.probes.packaging import describe_file

QUALITIES = (30, 50, 75, 90, 95)


def picture(seed: int, size: int = 64) -> Image.Image:
    grain = np.random.default_rng(seed).integers(0, 255, (9, 9, 3), dtype=np.uint8)
    return Image.fromarray(cv2.resize(grain, (size, size), interpolation=cv2.INTER_CUBIC))


@pytest.fixture
def jpegs(tmp_path: Path) -> Callable[..., Corpus]:
    """Import stills whose encoding depends on the class; every file is of another person."""

    def make(real: int, fake: int, comment: bytes = b"", suffix: str = "jpg") -> Corpus:
        number = 0
        for split in ("train", "val", "test"):
            for label, quality in (("real", real), ("fake", fake)):
                for index in range(8):
                    path = tmp_path / "data" / split / label / f"{split}{label}{index}.{suffix}"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    extra = {"comment": comment} if comment and label == "fake" else {}
                    number += 1
                    picture(number).save(path, quality=quality, **extra)
        return import_corpus(tmp_path / "data", tmp_path / "corpus")[0]

    return make


def values(corpus: Corpus, seed: int = 0) -> dict[str, float]:
    return {one.slice: one.value for one in probe_metadata(corpus, seed=seed, replicates=20).measures}


def test_another_jpeg_quality_is_found_and_warned_of(jpegs: Callable[..., Corpus]) -> None:
    corpus = jpegs(real=75, fake=90)
    outcome = probe_metadata(corpus, seed=0, replicates=20)
    found = {one.slice: one.value for one in outcome.measures}
    assert found["all"] > 0.95 and found["stream"] > 0.95
    assert found["packaging"] < 0.6  # container, size and rate are alike
    assert len(outcome.warnings) == 2 and all("AUC" in text for text in outcome.warnings)
    assert outcome.report("corpus", 0).detector == "probe:metadata"
    assert all((one.n_positive, one.n_negative) == (24, 24) for one in outcome.measures)


def test_a_comment_changes_the_file_and_not_the_stream(jpegs: Callable[..., Corpus]) -> None:
    found = values(jpegs(real=75, fake=75, comment=b"x" * 4000))
    assert found["all"] > 0.95
    assert found["stream"] < 0.75


@pytest.mark.slow
def test_what_our_seal_shows_on_the_outside_is_held_apart(jpegs: Callable[..., Corpus]) -> None:
    corpus = jpegs(real=75, fake=75, comment=b"x" * 4000)
    control = {sample.id for sample in corpus.where(label=Label.FORGED)[::2]}
    sealed = Corpus(
        corpus.root,
        tuple(
            replace(one, label=Label.GENUINE, slice=Slice.CONTROL) if one.id in control else one
            for one in corpus.samples
        ),
        corpus.places,
    )
    outcome = probe_metadata(sealed, seed=0, replicates=20)
    found = {one.slice: one for one in outcome.measures}
    assert found["all"].value > 0.95
    assert found["all, both sealed"].value < 0.75
    assert (found["all, both sealed"].n_positive, found["all, both sealed"].n_negative) == (12, 12)
    assert not any(name.endswith("sealed") for name in values(corpus))


def test_alike_files_say_nothing_and_are_not_warned_of(jpegs: Callable[..., Corpus]) -> None:
    corpus = jpegs(real=80, fake=80, suffix="png")
    outcome = probe_metadata(corpus, seed=0, replicates=20)
    assert max(one.value for one in outcome.measures) < 0.7
    assert probe_packaging(corpus).auc < 0.6


@pytest.mark.parametrize("quality", QUALITIES)
def test_the_quality_is_read_off_the_tables(jpegs: Callable[..., Corpus], quality: int) -> None:
    corpus = jpegs(real=quality, fake=quality)
    found = describe_file(corpus, corpus.samples[0])
    assert found["quality"] == pytest.approx(quality, abs=1.5)
    assert (found["container"], found["picture"], found["length"]) == ("JPEG", "64x64", "still")


def test_coded_bytes_leave_out_what_is_no_picture(tmp_path: Path) -> None:
    from forensics.evaluation.probes.packaging import _jpeg_coded, _png_coded

    plain, noted = io.BytesIO(), io.BytesIO()
    picture(1).save(plain, "JPEG", quality=80)
    picture(1).save(noted, "JPEG", quality=80, comment=b"y" * 1000, exif=Image.Exif().tobytes())
    assert len(noted.getvalue()) > len(plain.getvalue()) + 1000
    assert _jpeg_coded(noted.getvalue()) == _jpeg_coded(plain.getvalue())
    png = io.BytesIO()
    picture(1).save(png, "PNG")
    assert 0 < _png_coded(png.getvalue()) == len(png.getvalue()) - 8 - 12 * 3 - 13


def test_clips_have_a_rate_and_a_coded_size(tiny_corpus: Corpus) -> None:
    clip = next(sample for sample in tiny_corpus.samples if not sample.is_still)
    found = describe_file(tiny_corpus, clip)
    size = tiny_corpus.file(clip).stat().st_size
    assert found["codec"] == "h264" and found["fps"] == 12.5
    assert 0 < found["coded_bytes_per_pixel"] < found["bytes_per_pixel"]
    assert found["bitrate"] * found["duration"] / 8 < size


def test_one_person_is_too_few(jpegs: Callable[..., Corpus]) -> None:
    corpus = jpegs(real=75, fake=90)
    alone = Corpus(corpus.root, corpus.samples[:1], corpus.places)
    with pytest.raises(CorpusError, match="too few people"):
        probe_metadata(alone, seed=0)
    assert probe_packaging(alone) is None
