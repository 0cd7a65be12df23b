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
from forensics.corpus import Corpus

ROOT = Path(__file__).parents[4]

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


def test_one_and_two_workers_leave_the_same_scores_and_measures(tiny_corpus: Corpus, toy: Path, tmp_path: Path) -> None:
    found = []
    for workers in (1, 2):
        out = tmp_path / f"{workers}"
        options = ("--suite", "noise", "--per-clip", 2, "--workers", workers, "-o", out)
        said("evaluate", tiny_corpus.root, "--detector", toy, *options)
        files = (*(out / "toy").glob("*.csv"), out / "toy" / "evaluation.json", *(out / "toy" / "cells").glob("*"))
        found.append({path.name: path.read_bytes() for path in files})
    assert len(found[0]) > 8
    assert found[0] == found[1]


def test_actors_of_ray_leave_the_scores_of_processes(tiny_corpus: Corpus, toy: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    for engine in ("local", "ray"):
        options = ("--per-clip", 2, "--workers", 1, "--engine", engine, "-o", tmp_path / engine)
        said("evaluate", tiny_corpus.root, "--detector", toy, *options)
    names = ("scores.csv", "validation.csv", "evaluation.json")
    one, other = ([(tmp_path / engine / "toy" / name).read_bytes() for name in names] for engine in ("local", "ray"))
    assert one == other


def test_one_and_two_workers_keep_the_same_crops(tiny_corpus: Corpus, tmp_path: Path) -> None:
    found = []
    for workers in (1, 2):
        root = tmp_path / f"{workers}"
        shutil.copytree(tiny_corpus.root, root)
        said("corpus", "crop", root, "--workers", workers)
        found.append({path.name: path.read_bytes() for path in (root / "crops").iterdir()})
    assert len(found[0]) == len(tiny_corpus.samples)
    assert found[0] == found[1]


def test_two_workers_find_in_files_what_one_finds_in_the_same_order(tiny_corpus: Corpus, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for sample in tiny_corpus.samples[::5]:
        shutil.copy(tiny_corpus.file(sample), folder)
    (folder / "broken.png").write_bytes(b"no picture")
    command("identity", "new", "--home", tmp_path / "home")
    answers = [
        command("examine", folder, "--json", "--home", tmp_path / "home", "--workers", workers) for workers in (1, 2)
    ]
    one, other = (json.loads(done.stdout)["results"] for done in answers)
    assert all(done.returncode == 1 and "broken.png" in done.stderr for done in answers)
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
