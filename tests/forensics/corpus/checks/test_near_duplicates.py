"""Near duplicates, the packaging probe, and what `corpus check` says of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from forensics import cli
from forensics.corpus import Corpus, Fault, check_corpus
from forensics.corpus.checks.check import check_pictures
from forensics.corpus.checks.near_duplicates import fingerprint
from forensics.corpus.importers.importing import import_corpus
from forensics.evaluation.probes.metadata import check_packaging, probe_packaging
from generator.avatars import render, sample_avatar

from ...cli.test_main import SCHEMAS, complaints


def picture(seed: int, size: int = 64) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return cv2.resize(rng.integers(0, 255, (9, 9, 3), dtype=np.uint8), (size, size), interpolation=cv2.INTER_CUBIC)


@pytest.fixture
def official(tmp_path: Path) -> Callable[..., Corpus]:
    """Import folders of generated pictures with an official split."""

    def make(sizes: dict[str, tuple[int, ...]], suffix: str = "png", copied: bool = False) -> Corpus:
        number = 0
        for split in ("train", "val", "test"):
            for label in ("real", "fake"):
                for index in range(12):
                    number += 1
                    path = tmp_path / "data" / split / label / f"{split}{label}{index}.{suffix}"
                    path.parent.mkdir(parents=True, exist_ok=True)
                    choices = sizes[label]
                    image = picture(number, choices[index % len(choices)])
                    Image.fromarray(image).save(path)
        if copied:
            again = picture(1, 128)
            Image.fromarray(again).save(tmp_path / "data/test/real/copied.jpg", quality=60)
        return import_corpus(tmp_path / "data", tmp_path / "corpus")[0]

    return make


def test_a_smaller_recompressed_copy_in_another_split_is_named(official: Callable[..., Corpus]) -> None:
    corpus = official({"real": (64,), "fake": (64,)}, copied=True)
    (found,) = check_pictures(corpus)
    assert found.fault is Fault.NEAR_DUPLICATE
    assert {name.split("-")[-2] for name in found.ids} == {"trainreal0", "copied"}


@pytest.mark.slow
def test_different_avatars_are_no_near_duplicates() -> None:
    prints = []
    for number in range(12):
        avatar = sample_avatar(number, "flat")
        prints.append(fingerprint(render(avatar, avatar.params(), 96, 1).picture))
    apart = [int(np.bitwise_count(a.bits ^ b.bits).sum()) for i, a in enumerate(prints) for b in prints[:i] if a and b]
    assert min(apart) > 16


def test_a_picture_of_one_tone_has_no_fingerprint() -> None:
    assert fingerprint(np.full((64, 64, 3), 90, np.uint8)) is None


def test_equal_packaging_says_nothing(official: Callable[..., Corpus]) -> None:
    corpus = official({"real": (64, 48), "fake": (64, 48)})
    probe = probe_packaging(corpus)
    assert probe is not None
    assert (probe.forged, probe.genuine, probe.is_suspicious) == (36, 36, False)
    assert probe.auc < 0.6
    assert check_packaging(corpus, probe) == check_corpus(corpus) == ()


def test_packaging_that_gives_the_class_away_is_refused(official: Callable[..., Corpus]) -> None:
    corpus = official({"real": (64, 48, 40), "fake": (64, 80, 96)})
    (complaint,) = check_packaging(corpus, probe_packaging(corpus))
    assert complaint.fault is Fault.FORMAT
    assert "packaging alone" in complaint.message


def test_our_own_corpora_are_packed_alike(tiny_corpus: Corpus) -> None:
    probe = probe_packaging(tiny_corpus)
    assert probe is not None
    assert probe.auc == 0.5
    assert check_pictures(tiny_corpus) == ()


@pytest.mark.parametrize("action", ["check", "crop"])
def test_answers_follow_their_schema(
    tiny_corpus: Corpus, capsys: pytest.CaptureFixture[str], tmp_path: Path, action: str
) -> None:
    import shutil

    shutil.copytree(tiny_corpus.root, tmp_path / "corpus")
    assert (
        cli.main(
            ["corpus", action, str(tmp_path / "corpus"), "--json", *(["--workers", "1"] if action == "crop" else [])]
        )
        == 0
    )
    schema = json.loads((SCHEMAS / f"corpus_{action}.json").read_text())
    assert complaints(json.loads(capsys.readouterr().out), schema) == []


def test_the_imports_answer_follows_its_schema(
    celeb_tree: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["corpus", "import", str(celeb_tree), "-o", str(tmp_path / "corpus"), "--json"]) == 0
    schema = json.loads((SCHEMAS / "corpus_import.json").read_text())
    assert complaints(json.loads(capsys.readouterr().out), schema) == []
