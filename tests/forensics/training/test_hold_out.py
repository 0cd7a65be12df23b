"""Whole methods are kept from training by name, and every measure then tells seen and held-out ones apart."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from detectors import read_card
from forensics.corpus import Corpus, Label, Split, write_manifest
from forensics.errors import CorpusError
from forensics.evaluation import ScoreTable, read_scores
from forensics.evaluation.measures.generalisation import HELD_OUT, SEEN, measure_generalisation
from forensics.training.data import forged_samples

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def two(tiny_corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """The tiny corpus, in which every second forgery of a split is said to be by another method."""
    root = tmp_path_factory.mktemp("two") / "corpus"
    shutil.copytree(tiny_corpus.root, root)
    samples, counts = [], dict.fromkeys(Split, 0)
    for sample in tiny_corpus.samples:
        if sample.label is Label.FORGED:
            counts[sample.split] += 1
            sample = replace(sample, method=("alpha", "beta")[counts[sample.split] % 2])
        samples.append(sample)
    write_manifest(root, samples)
    return Corpus.load(root)


def made_table(seed: int = 0) -> ScoreTable:
    rng = np.random.default_rng(seed)
    methods = ["camera"] * 40 + ["alpha"] * 20 + ["beta"] * 20
    labels = np.array([0] * 40 + [1] * 40)
    scores = rng.random(80) + 0.5 * (np.array(methods) == "alpha") + 0.1 * (np.array(methods) == "beta")
    names = [f"{method}/v{number}" for number, method in enumerate(methods)]
    people = [(f"p{number % 16}",) for number in range(80)]
    return ScoreTable(tuple(names), tuple(people), labels, scores, ("main",) * 80, tuple(methods))


def test_seen_and_held_out_methods_have_the_auc_of_scikit_learn() -> None:
    table = made_table()
    found = {
        (one.name, one.slice): one
        for one in measure_generalisation(table, ["alpha"], threshold=0.9, seed=0, replicates=200)
    }
    methods = np.array(table.methods)
    for name, method in ((SEEN, "alpha"), (HELD_OUT, "beta")):
        rows = (methods == method) | (table.labels == 0)
        expected = roc_auc_score(table.labels[rows], table.scores[rows])
        assert found["auc/video", name].value == pytest.approx(expected)
        assert found["auc/video", name].note == method
    gap = found["auc_gap/video", HELD_OUT]
    assert gap.value == pytest.approx(found["auc/video", SEEN].value - found["auc/video", HELD_OUT].value)
    assert gap.low is not None and gap.high is not None and 0 < gap.low < gap.value < gap.high


def test_the_gap_s_interval_is_that_of_a_bootstrap_by_hand() -> None:
    table = made_table(3)
    gap = next(
        one
        for one in measure_generalisation(table, ["alpha"], threshold=None, seed=1, replicates=400)
        if one.name == "auc_gap/video"
    )
    rng, values = np.random.default_rng(9), []
    people, methods = np.array([names[0] for names in table.identities]), np.array(table.methods)
    for _ in range(400):
        drawn = np.concatenate([np.flatnonzero(people == f"p{one}") for one in rng.integers(16, size=16)])
        parts = [drawn[(methods[drawn] == method) | (table.labels[drawn] == 0)] for method in ("alpha", "beta")]
        one, other = (roc_auc_score(table.labels[rows], table.scores[rows]) for rows in parts)
        values.append(one - other)
    assert gap.low == pytest.approx(np.percentile(values, 2.5), abs=0.04)
    assert gap.high == pytest.approx(np.percentile(values, 97.5), abs=0.04)


def test_a_test_without_held_out_methods_has_no_gap() -> None:
    found = measure_generalisation(made_table(), ["alpha", "beta"], threshold=None, seed=0, replicates=10)
    assert {one.slice for one in found} == {SEEN} and {one.name for one in found} == {"auc/video"}


def test_held_out_methods_are_not_among_the_samples(two: Corpus) -> None:
    samples = forged_samples(two, Split.TRAIN, hold_out=("be*",))
    assert {sample.method for sample in samples if sample.label is Label.FORGED} == {"alpha"}
    assert any(sample.label is Label.GENUINE for sample in samples)
    with pytest.raises(CorpusError, match="no forgery left"):
        forged_samples(two, Split.TRAIN, hold_out=("alpha", "beta"))
    with pytest.raises(CorpusError, match="no forgery 'gamma'"):
        forged_samples(two, Split.TRAIN, hold_out=("gamma",))


@pytest.mark.slow
def test_a_detector_remembers_what_it_saw_and_is_measured_apart(facetrail: Call, two: Corpus, tmp_path: Path) -> None:
    code, _, err = facetrail(
        "train", "detector", two.root, "--detector", "toy_cpu", "--epochs", 1, "--hold-out", "beta",
        "-o", tmp_path / "mine",
    )  # fmt: skip
    assert code == 0, err
    card = read_card(tmp_path / "mine")
    assert (card.seen_methods, card.held_out) == (("alpha",), ("beta",))
    code, out, err = facetrail("evaluate", two.root, "--detector", tmp_path / "mine", "-o", tmp_path / "out")
    assert code == 0, err
    assert SEEN in out and HELD_OUT in out and "auc_gap/video" in out
    measures = json.loads((tmp_path / "out" / "mine" / "evaluation.json").read_text())["measures"]
    found = {(one["name"], one["slice"]): one["value"] for one in measures}
    table = read_scores(tmp_path / "out" / "mine" / "scores.csv").by_video()
    rows = np.array(
        [name == "main" and method != "alpha" for name, method in zip(table.slices, table.methods, strict=True)]
    )
    assert found["auc/video", HELD_OUT] == pytest.approx(roc_auc_score(table.labels[rows], table.scores[rows]))
    assert facetrail("report", tmp_path / "out")[0] == 0
    assert HELD_OUT in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_each_method_is_left_out_once_in_one_command(facetrail: Call, two: Corpus, tmp_path: Path) -> None:
    code, out, err = facetrail(
        "train", "detector", two.root, "--detector", "toy_cpu", "--epochs", 1, "--leave-one-out", "-o", tmp_path / "all"
    )
    assert code == 0, err
    assert read_card(tmp_path / "all" / "without-alpha").seen_methods == ("beta",)
    assert read_card(tmp_path / "all" / "without-beta").seen_methods == ("alpha",)
    assert [line.split()[0] for line in out.splitlines() if line.strip().startswith(("alpha", "beta"))] == [
        "alpha",
        "beta",
    ]
    assert (tmp_path / "all" / "evaluation" / "run.json").is_file()


def test_one_method_cannot_be_left_out(facetrail: Call, tiny_corpus: Corpus, tmp_path: Path) -> None:
    code, _, err = facetrail(
        "train", "detector", tiny_corpus.root, "--detector", "toy_cpu", "--leave-one-out", "-o", tmp_path / "all"
    )
    assert code != 0 and "leaving one out wants two" in err and not (tmp_path / "all").exists()
