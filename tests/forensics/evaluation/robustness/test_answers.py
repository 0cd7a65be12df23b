"""What a program answers to the distorted files fills the tables that `--suite` fills for the same program in place."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from forensics.corpus import Corpus, Slice, Split
from forensics.errors import InputError
from forensics.evaluation import ScoresError
from forensics.evaluation.robustness import evaluate_answers, write_distorted
from forensics.evaluation.run import Settings
from watermark import read_media

from ...cli.test_main import SCHEMAS, complaints

CELLS = [("noise:gaussian", 2), ("blur:gaussian", 1)]
MODEL = "def predict(pictures):\n    return [float(one.std() / 128) for one in pictures]\n"
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def files(tiny_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("distorted") / "out"
    samples = tiny_corpus.where(split=Split.TEST, slice=Slice.MAIN)
    write_distorted(tiny_corpus, samples, CELLS, out, per_clip=2)
    return out


def listed(folder: Path) -> list[dict[str, str]]:
    with (folder / "labels.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def answer(folder: Path, path: Path, change: Callable[[float], float] = lambda score: score, prefix: str = "") -> Path:
    with path.open("w", encoding="utf-8") as file:
        file.write("file,score\n")
        for row in listed(folder):
            score = read_media(folder / row["file"]).frames[0].std() / 128
            file.write(f"{prefix}{row['file']},{change(float(score))!r}\n")
    return path


def test_every_sample_lies_in_every_cell_with_its_label(files: Path, tiny_corpus: Corpus) -> None:
    rows = listed(files)
    samples = tiny_corpus.where(split=Split.TEST, slice=Slice.MAIN)
    cells = {(row["distortion"], row["severity"]) for row in rows}
    assert len(cells) == 3
    for cell in cells:
        inside = {row["video"] for row in rows if (row["distortion"], row["severity"]) == cell}
        assert len(inside) == len(samples)
    for row in rows:
        assert (files / row["file"]).is_file()
        assert ("forged" in Path(row["file"]).parts) == (row["label"] == "1")
    assert not list(files.parent.glob(".*"))


def test_answers_fill_the_same_tables_as_the_program_in_place(
    facetrail: Call, tiny_corpus: Corpus, files: Path, tmp_path: Path
) -> None:
    (tmp_path / "spread.py").write_text(MODEL)
    own = f"{tmp_path / 'spread.py'},sees=frame,manipulated=1"
    arguments = ("--per-clip", 2, "--suite", "noise", "blur", "-o", tmp_path / "in")
    code, _, err = facetrail("evaluate", tiny_corpus.root, "--detector", own, *arguments)
    assert code == 0, err
    scores = answer(files, tmp_path / "answers.csv", prefix="/data/their/machine/")
    code, out, err = facetrail("evaluate", "--scores", scores, "--distorted", files, "-o", tmp_path / "out")
    assert code == 0, err
    assert "answers under distortions" in out
    here, there = (
        json.loads(path.read_text())["measures"]
        for path in (tmp_path / "in/spread.py/evaluation.json", tmp_path / "out/answers/evaluation.json")
    )
    mine = {(one["name"], one["distortion"], one["severity"]): one for one in here if one["severity"]}
    theirs = {(one["name"], one["distortion"], one["severity"]): one for one in there if one["severity"]}
    assert len(theirs) == 14 and theirs.keys() <= mine.keys()
    for key, one in theirs.items():
        assert one["value"] == pytest.approx(mine[key]["value"]), key
        assert one["low"] == pytest.approx(mine[key]["low"]) if one["low"] is not None else mine[key]["low"] is None


def test_scores_that_are_no_probabilities_get_a_threshold_and_a_warning(files: Path, tmp_path: Path) -> None:
    (plain,) = evaluate_answers([answer(files, tmp_path / "plain.csv")], files, Settings(seed=0, replicates=50))
    scores = answer(files, tmp_path / "wide.csv", lambda score: 100 * score - 40)
    (wide,) = evaluate_answers([scores], files, Settings(seed=0, replicates=50))
    assert any("of this very test" in warning for warning in wide.report.warnings)
    for name, severity in CELLS:
        aucs = [one.report.find("auc/video", distortion=name, severity=severity) for one in (plain, wide)]
        assert aucs[0] is not None and aucs[1] is not None
        assert aucs[0].value == pytest.approx(aucs[1].value)


def test_a_file_without_a_score_is_named(files: Path, tmp_path: Path) -> None:
    path = answer(files, tmp_path / "answers.csv")
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:-2]) + "\n")
    with pytest.raises(ScoresError, match=r"2 of .* files have no score"):
        evaluate_answers([path], files, Settings(seed=0))
    path.write_text("\n".join([*lines, lines[-1]]) + "\n")
    with pytest.raises(ScoresError, match="two scores"):
        evaluate_answers([path], files, Settings(seed=0))


def test_another_folder_is_refused(files: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no list of distorted files"):
        evaluate_answers([answer(files, tmp_path / "answers.csv")], tmp_path, Settings(seed=0))


def test_a_folder_with_files_is_not_written_to(facetrail: Call, tiny_corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    code, _, err = facetrail("corpus", "distort", tiny_corpus.root, "--suite", "jpeg", "-o", tmp_path)
    assert code != 0 and "not empty" in err
    assert [path.name for path in tmp_path.iterdir()] == ["note.txt"]


def test_what_only_moves_boxes_is_left_out_and_said(facetrail: Call, tiny_corpus: Corpus, tmp_path: Path) -> None:
    code, out, err = facetrail(
        "corpus", "distort", tiny_corpus.root, "--suite", "crop", "--per-clip", 1, "-o", tmp_path / "out", "--json"
    )
    assert code == 0, err
    assert "it moves face boxes" in out
    assert complaints(json.loads(out), json.loads((SCHEMAS / "corpus_distort.json").read_text())) == []
    assert {row["distortion"] for row in listed(tmp_path / "out")} == {"none"}
    assert np.all([row["changed"] == "0" for row in listed(tmp_path / "out")])
