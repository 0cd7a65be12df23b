"""Every program of `examples/` runs at toy size, and what it leaves is what it says it leaves."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from examples import avatars_to_corpus, own_scores, read_credential, robustness_of_scores, sign_folder
from forensics.corpus import Label, Split, check_corpus
from forensics.distortions import distort, find_suite
from forensics.evaluation import read_scores
from generator import avatars
from watermark import (
    CredentialState,
    Deployment,
    Outcome,
    PayloadKind,
    TrustError,
    encode_still,
    read_media,
    verify_file,
)

PEOPLE = 8
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the examples away from the deployment of whoever runs the tests."""
    monkeypatch.setenv("FACETRAIL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(scope="module")
def portraits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pictures and a text, which is no picture."""
    folder = tmp_path_factory.mktemp("portraits")
    for seed, name in enumerate(("one.png", "two.jpg")):
        avatar = avatars.sample_avatar(seed, "cartoon")
        encode_still(avatars.render(avatar, avatar.params(), 256).picture, folder / name)
    encode_still(np.zeros((40, 40, 3), dtype=np.uint8), folder / "small.png")
    (folder / "notes.txt").write_text("no picture")
    return folder


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two grainy pictures of each person; of the manipulated one the grain is smoothed, more or less."""
    folder, rows = tmp_path_factory.mktemp("labelled"), []
    rng = np.random.default_rng(1)
    for person in range(PEOPLE):
        for label in (0, 1):
            picture = rng.normal(128, rng.uniform(8, 30), (64, 64, 3)).clip(0, 255).astype(np.uint8)
            if label:
                picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.3, 0.6)), dtype=np.uint8)
            name = f"{person}-{label}.png"
            encode_still(picture, folder / name)
            rows.append((name, label, f"person {person}"))
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("file", "label", "person"), *rows])
    return folder


def truth(folder: Path) -> tuple[list[Path], list[int]]:
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [folder / row["file"] for row in rows], [int(row["label"]) for row in rows]


def test_own_scores_measures_what_scikit_learn_measures(labelled: Path, tmp_path: Path) -> None:
    measures = {one.name: one for one in own_scores.main([str(labelled), str(tmp_path / "results")])}
    paths, labels = truth(labelled)
    scores = [own_scores.my_model(read_media(path).frames[0]) for path in paths]
    auc = measures["auc/video"]
    assert auc.value == pytest.approx(roc_auc_score(labels, scores))
    assert 0.5 < auc.value < 1
    assert auc.low is not None and auc.high is not None and auc.low <= auc.value <= auc.high
    assert (auc.n_positive, auc.n_negative) == (PEOPLE, PEOPLE)
    kept = read_scores(tmp_path / "results" / "my_model.csv")
    assert kept.scores.tolist() == scores
    assert kept.labels.tolist() == labels


@pytest.mark.slow
def test_signed_files_are_verified_and_a_changed_one_is_not(
    portraits: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    receipts = sign_folder.main([str(portraits), str(tmp_path / "signed")])
    assert [receipt.path.name for receipt in receipts] == ["one.png", "two.jpg"]
    assert "small.png" in capsys.readouterr().err
    deployment = Deployment.open()
    for receipt in receipts:
        assert receipt.payload.kind is PayloadKind.CONTROL
        assert verify_file(receipt.path, deployment).state is CredentialState.TRUSTED
    content = bytearray(receipts[0].path.read_bytes())
    content[len(content) // 2] ^= 1
    receipts[0].path.write_bytes(content)
    with pytest.raises(TrustError):
        verify_file(receipts[0].path, deployment)


@pytest.mark.slow
def test_a_corpus_of_avatars_is_labelled_divided_and_sound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = avatars_to_corpus.main([str(tmp_path / "corpus"), "6"])
    assert check_corpus(corpus) == ()
    assert "the corpus is sound" in capsys.readouterr().out
    assert {sample.method for sample in corpus.where(label=Label.FORGED)} == {"geometry", "face-swap"}
    people = {split: {one for sample in corpus.where(split=split) for one in sample.identities} for split in Split}
    assert all(people.values())
    assert not people[Split.TRAIN] & people[Split.TEST]
    assert not people[Split.VAL] & people[Split.TEST]


def test_auc_under_each_distortion_is_that_of_scikit_learn(labelled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = robustness_of_scores.main([str(labelled), "gamma"])
    cells = find_suite("gamma").cells
    assert list(found) == ["undistorted", *(f"{cell.name}, {cell.parameter}" for cell in cells)]
    assert len(capsys.readouterr().out.splitlines()) == len(found)
    paths, labels = truth(labelled)
    for name, cell in zip(found, (None, *cells), strict=True):
        scores = []
        for number, path in enumerate(paths):
            frames = read_media(path).frames
            if cell is not None:
                frames = distort(frames, cell.name, cell.severity, np.random.default_rng(number))
            scores.append(robustness_of_scores.my_score(frames[0]))
        assert found[name].value == pytest.approx(roc_auc_score(labels, scores))
        low, high = found[name].low, found[name].high
        assert low is not None and high is not None and low <= found[name].value <= high


@pytest.mark.slow
def test_what_is_read_names_signer_mark_and_what_follows(
    portraits: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (receipt, _) = sign_folder.main([str(portraits), str(tmp_path / "signed")])
    copied = tmp_path / "copied.png"
    encode_still(read_media(receipt.path).frames[0], copied)
    capsys.readouterr()
    files = [receipt.path, copied, portraits / "one.png", portraits / "notes.txt"]
    found = read_credential.main([str(path) for path in files])
    assert [one.outcome for one in found] == [Outcome.TRUSTED, Outcome.RECOVERED_BY_MARK, Outcome.ABSENT]
    captured = capsys.readouterr()
    assert captured.out.count(receipt.payload.hex) == 2
    assert str(receipt.credential.signer) in captured.out
    assert all(read_credential.MEANING[one.outcome] in captured.out for one in found)
    assert "notes.txt" in captured.err


def test_every_outcome_is_explained() -> None:
    assert read_credential.MEANING.keys() == set(Outcome)


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.name)
def test_an_example_is_short_and_says_how_it_is_run(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 60
    told = text.partition('"""\n\n')[0]
    assert f"python examples/{path.name}" in told or f"--detector examples/{path.name}" in told
