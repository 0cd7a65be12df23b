"""`--face-finder`, from the command line to crops, cards, journals and verdicts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detectors import DetectorCard, create_detector, read_card, save_detector
from forensics import cli
from forensics.corpus import Corpus
from forensics.corpus.importers.importing import import_corpus
from forensics.evaluation.protocol.read_journal import past_reads
from forensics.faces import finder_for
from forensics.faces.choice import FinderChoice
from forensics.faces.yunet import YuNetFinder

from .conftest import Maker


@pytest.fixture
def bare_corpus(tmp_path: Path) -> Corpus:
    """A corpus of single frames without sidecars, as published ones are."""
    rng = np.random.default_rng(0)
    for part, count in (("train", 20), ("test", 3)):
        for label in ("real", "fake"):
            for number in range(count):
                folder = tmp_path / f"wild/{label}_{part}/{number}"
                folder.mkdir(parents=True)
                Image.fromarray(rng.integers(0, 200, (96, 96, 3), dtype=np.uint8)).save(folder / "0.png")
    return import_corpus(tmp_path / "wild", tmp_path / "bare", seed=0)[0]


@pytest.fixture
def toy(tmp_path: Path) -> Path:
    card = DetectorCard("nothing", "", "none", "Apache-2.0", face_finder="face-mesh")
    save_detector(create_detector("toy_resnet18", seed=1), tmp_path / "toy", card)
    return tmp_path / "toy"


def results_of(capsys: pytest.CaptureFixture[str], *words: object) -> list[dict]:
    capsys.readouterr()
    code = cli.main([*map(str, words), "--json"])
    said = capsys.readouterr()
    assert code in (0, 3), said.err
    return json.loads(said.out)["results"]


def test_crops_are_cut_where_the_declared_finder_sees_faces_and_kept_apart_by_its_weights(
    tmp_path: Path, toy_yunet: Maker, capsys: pytest.CaptureFixture[str]
) -> None:
    for part in ("real", "fake"):
        for number in range(2):
            folder = tmp_path / f"wild/{part}_train/{number}"
            folder.mkdir(parents=True)
            image = np.full((256, 256, 3), 40 + len(list(tmp_path.glob("wild/*/*"))), np.uint8)
            if number:
                image[96:128, 128:160, 2] = 255
            Image.fromarray(image).save(folder / "0.png")
    corpus, _ = import_corpus(tmp_path / "wild", tmp_path / "corpus", seed=0)
    weights = toy_yunet()
    words = ["corpus", "crop", corpus.root, "--detector", "toy_resnet18", "--workers", "1", "--face-finder"]
    (entry,) = results_of(capsys, *words, f"yunet={weights}")
    assert (entry["samples"], entry["cropped"], entry["counts"]["no face"]) == (4, 2, 2)
    assert entry["face_finder"] == YuNetFinder.open(weights).name
    kept = sorted((corpus.root / "crops").iterdir())
    assert len(kept) == 4
    results_of(capsys, *words, f"yunet={weights}")
    assert sorted((corpus.root / "crops").iterdir()) == kept
    (entry,) = results_of(capsys, *words, f"yunet={toy_yunet(everywhere=True)}")
    assert entry["cropped"] == 4
    assert len(list((corpus.root / "crops").iterdir())) == 8


@pytest.mark.slow
def test_a_card_names_the_finder_and_an_evaluation_with_another_says_so(
    bare_corpus: Corpus, toy_yunet: Maker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = toy_yunet(everywhere=True), toy_yunet(everywhere=True, size=1.0)
    names = [YuNetFinder.open(path).name for path in (one, other)]
    trained, out = tmp_path / "trained", tmp_path / "results"
    words = ["train", "detector", bare_corpus.root, "--detector", "toy_resnet18", "--epochs", 1, "-o", trained]
    results_of(capsys, *words, "--face-finder", f"yunet={one}")
    assert read_card(trained).face_finder == names[0]
    words = ["evaluate", bare_corpus.root, "--detector", trained, "--per-clip", 2, "-o", out, "--face-finder"]
    (alike,) = results_of(capsys, *words, f"yunet={one}")
    (unlike,) = results_of(capsys, *words, f"yunet={other}")
    told = f"the detector learned from faces by {names[0]}, and was tested on faces by {names[1]}"
    assert told not in alike["warnings"]
    assert told in unlike["warnings"]
    reads = past_reads(out)
    assert [name for read in reads for name in names if f"faces by {name}" in read.settings] == names
    assert not reads[0].same_scores(reads[1])


def test_sidecars_stay_and_a_finder_is_opened_only_where_one_is_missing(
    tiny_corpus: Corpus, bare_corpus: Corpus, toy_yunet: Maker, toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    choice = FinderChoice(toy_yunet())
    assert finder_for(tiny_corpus, choice) is None
    assert isinstance(finder_for(bare_corpus, choice), YuNetFinder)
    words = ["evaluate", tiny_corpus.root, "--detector", toy, "--per-clip", 2, "--face-finder", choice]
    (entry,) = results_of(capsys, *words)
    assert "the detector learned from faces by face-mesh, and was tested on faces by sidecar" in entry["warnings"]


def test_examine_scores_the_face_that_the_declared_finder_sees(
    toy_yunet: Maker, toy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = np.full((256, 256, 3), 40, np.uint8)
    image[96:128, 128:160, 2] = 255
    Image.fromarray(image).save(tmp_path / "still.png")
    words = ["examine", tmp_path / "still.png", "--detector", toy, "--home", tmp_path / "home", "--face-finder"]
    (entry,) = results_of(capsys, *words, f"yunet={toy_yunet()}")
    ((left, top, right, bottom),) = [face["sightings"][0]["box"] for face in entry["faces"]]
    assert left < 128 < 160 < right
    assert top < 96 < 128 < bottom


@pytest.mark.parametrize("command", ["crop", "evaluate", "train", "examine"])
def test_a_file_that_is_not_yunet_ends_a_command_with_one_line(
    command: str, bare_corpus: Corpus, toy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.onnx"
    bad.write_bytes(b"no network")
    words = {
        "crop": ["corpus", "crop", bare_corpus.root],
        "evaluate": ["evaluate", bare_corpus.root, "--detector", toy],
        "train": ["train", "detector", bare_corpus.root, "-o", tmp_path / "out"],
        "examine": [
            "examine",
            bare_corpus.file(bare_corpus.samples[0]),
            "--detector",
            toy,
            "--home",
            tmp_path / "home",
        ],
    }[command]
    assert cli.main([*map(str, words), "--face-finder", f"yunet={bad}"]) == 1
    said = [line for line in capsys.readouterr().err.splitlines() if "YuNet" in line]
    assert len(said) == 1
    assert f"{bad}: is not YuNet's ONNX file" in said[0]


@pytest.mark.parametrize("name", ["yolo", "yunet", "yunet=", "face-mesh=x"])
def test_another_name_is_refused_with_the_names_there_are(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["corpus", "crop", "corpus", "--face-finder", name]) == 2
    assert f"{name!r} is no face finder; write face-mesh, or yunet=FILE" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["face-mesh", "yunet=a b/c=d.onnx"])
def test_a_choice_is_written_the_way_it_is_read(text: str) -> None:
    from argparse import ArgumentParser

    from forensics.cli.face_finder_option import add_face_finder

    parser = ArgumentParser()
    add_face_finder(parser)
    assert str(parser.parse_args(["--face-finder", text]).face_finder) == text
