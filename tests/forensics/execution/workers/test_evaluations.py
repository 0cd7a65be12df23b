"""Crops, scores and findings do not depend on who works: one process, two, or actors of Ray."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from detectors import DetectorCard, create_detector, save_detector
from forensics.cli.main import main
from forensics.corpus import Corpus

ROOT = Path(__file__).parents[4]
EVALUATION = ("--suite", "noise", "--per-clip", 2)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("detectors") / "toy"
    card = DetectorCard("toys", "0" * 64, "by identity", "Apache-2.0")
    save_detector(create_detector("toy_resnet18", seed=0), folder, card)
    return folder


def command(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a program of its own, which starts its own workers."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-m", "forensics", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env=os.environ | {"PYTHONPATH": path} | environment,
    )


def said(*words: object) -> str:
    done = command(*words)
    assert done.returncode in (0, 3), done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def evaluated(corpus: Corpus, toy: Path, out: Path, *options: object) -> dict[str, bytes]:
    """Evaluate in a program of its own, and return every file that does not hold a time of day."""
    said("evaluate", corpus.root, "--detector", toy, *EVALUATION, "-o", out, *options)
    return kept(out)


def kept(out: Path) -> dict[str, bytes]:
    files = (*(out / "toy").glob("*.csv"), out / "toy" / "evaluation.json", *(out / "toy" / "cells").glob("*"))
    return {path.name: path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def scores_of_one_worker(tiny_corpus: Corpus, toy: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("one")
    words = ("evaluate", tiny_corpus.root, "--detector", toy, *EVALUATION, "-o", out, "--workers", 1)
    assert main([str(word) for word in words]) == 0
    found = kept(out)
    assert len(found) > 8
    assert {"scores.csv", "validation.csv", "evaluation.json"} <= found.keys()
    return found


def test_one_and_two_workers_leave_the_same_scores_and_measures(
    tiny_corpus: Corpus, toy: Path, tmp_path: Path, scores_of_one_worker: dict[str, bytes]
) -> None:
    assert evaluated(tiny_corpus, toy, tmp_path / "two", "--workers", 2) == scores_of_one_worker


def test_actors_of_ray_leave_the_scores_of_processes(
    tiny_corpus: Corpus, toy: Path, tmp_path: Path, scores_of_one_worker: dict[str, bytes]
) -> None:
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    found = evaluated(tiny_corpus, toy, tmp_path / "ray", "--workers", 1, "--engine", "ray")
    assert found == scores_of_one_worker


def test_one_and_two_workers_keep_the_same_crops(
    tiny_corpus: Corpus, tmp_path: Path, facetrail: Callable[..., tuple[int, str, str]]
) -> None:
    found = []
    for workers in (1, 2):
        root = tmp_path / f"{workers}"
        shutil.copytree(tiny_corpus.root, root)
        crop = ("corpus", "crop", root, "--workers", workers)
        if workers == 1:
            assert facetrail(*crop)[0] == 0
        else:
            said(*crop)
        found.append({path.name: path.read_bytes() for path in (root / "crops").iterdir()})
    assert len(found[0]) == len(tiny_corpus.samples)
    assert found[0] == found[1]


def test_two_workers_find_in_files_what_one_finds_in_the_same_order(
    tiny_corpus: Corpus, tmp_path: Path, facetrail: Callable[..., tuple[int, str, str]]
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for sample in tiny_corpus.samples[::5]:
        shutil.copy(tiny_corpus.file(sample), folder)
    (folder / "broken.png").write_bytes(b"no picture")
    assert facetrail("identity", "new", "--home", tmp_path / "home")[0] == 0
    examine = ("examine", folder, "--json", "--home", tmp_path / "home", "--workers")
    two = command(*examine, 2)
    answers = (facetrail(*examine, 1), (two.returncode, two.stdout, two.stderr))
    one, other = (json.loads(out)["results"] for _, out, _ in answers)
    assert all(code == 1 and "broken.png" in err for code, _, err in answers)
    assert [entry.get("path") for entry in one] == [entry.get("path") for entry in other]
    assert [entry.get("finding") for entry in one] == [entry.get("finding") for entry in other]


def test_what_belongs_to_ray_is_refused_without_it(
    tiny_corpus: Corpus, facetrail: Callable[..., tuple[int, str, str]]
) -> None:
    code, _, err = facetrail("evaluate", tiny_corpus.root, "--gpus", 1)
    assert code == 2
    assert "--address and --gpus belong to --engine ray" in err
    code, _, err = facetrail("corpus", "crop", tiny_corpus.root, "--engine", "ray", "--address", "nowhere")
    assert code == 1
    assert "--address nowhere: no Ray cluster can be reached there" in err
    assert "Traceback" not in err
