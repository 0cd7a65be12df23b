"""What a person who adds `-v` reads, stage by stage, and what `-vv` must not give away."""

from __future__ import annotations

import base64
import json
import logging
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detectors import DetectorCard, create_detector, save_detector
from forensics.corpus import Corpus
from forensics.evaluation.robustness.running import GridRun, run_cells
from forensics.synthesis.plan import SynthesisConfig
from forensics.synthesis.synthesize import Forger, synthesize
from watermark import Deployment

Facetrail = Callable[..., tuple[int, str, str]]

LINE = re.compile(r"\[ *\d+ %\] .+|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (DEBUG|INFO|WARNING|ERROR) [\w.]+: .+")


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("detector") / "toy"
    card = DetectorCard(data="nothing", data_digest="", split="none", licence="Apache-2.0")
    save_detector(create_detector("toy_resnet18", seed=1), folder, card)
    return folder


@pytest.fixture
def picture(tmp_path: Path, avatar_still: np.ndarray) -> Path:
    path = tmp_path / "avatar.png"
    Image.fromarray(avatar_still).save(path)
    return path


def stages(caplog: pytest.LogCaptureFixture, level: int = logging.INFO) -> str:
    """Return the records of a level, a line each, as `logger: message`."""
    return "\n".join(f"{one.name}: {one.getMessage()}" for one in caplog.records if one.levelno == level)


def test_sealing_and_examining_say_what_was_opened_read_found_and_written(
    facetrail: Facetrail,
    picture: Path,
    toy: Path,
    deployment: Deployment,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    home, sealed = ("--home", deployment.folder), tmp_path / "sealed.png"
    assert facetrail("seal", picture, "-o", sealed, "--kind", "generated", "-v", *home)[0] == 0
    said = stages(caplog)
    assert f"watermark.sealing.seal: opened {picture}: a still of 256 × 256 pixels" in said
    assert f"watermark.sealing.seal: mark of {picture}: no mark, z = " in said
    (mark_id,) = re.findall(
        rf"watermark\.sealing\.release: sealed {re.escape(str(sealed))} with generated mark (\w{{12}}), SHA-256", said
    )
    caplog.clear()
    assert facetrail("examine", sealed, "--detector", toy, "-v", *home)[0] == 3
    said = stages(caplog)
    digest = json.loads((toy / "card.json").read_text())["weights_sha256"]
    assert f"detectors.checkpoints: loaded detector toy_resnet18 from {toy}, SHA-256 of the weights {digest}" in said
    assert "forensics.faces.choosing: loaded face finder face-mesh" in said
    assert f"forensics.examination.examiner: opened {sealed}: a still of 256 × 256 pixels" in said
    assert f"watermark.provenance: credential of {sealed}: trusted" in said
    assert re.search(
        rf"mark of {re.escape(str(sealed))}: generated mark {mark_id}, z = \d+\.\d\d, p = \S+$", said, re.M
    )
    assert f"forensics.examination.examiner: faces found in {sealed} with face-mesh: 1" in said
    assert f"forensics.examination.examiner: verdict on {sealed}: declared" in said
    assert stages(caplog, logging.WARNING) == ""


def test_a_continued_corpus_says_how_much_was_there_and_what_was_made(
    tiny_corpus: Corpus,
    recipe: SynthesisConfig,
    forger: Forger,
    deployment: Deployment,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    root = tmp_path / "corpus"
    shutil.copytree(tiny_corpus.root, root)
    lost, total = tiny_corpus.samples[0], len(tiny_corpus.samples)
    (root / lost.path).unlink()
    caplog.set_level(logging.DEBUG)
    synthesize(root, recipe, forger, deployment)
    said = stages(caplog)
    assert f"corpus {root}: {total - 1} of {total} samples are there, 1 are to be made" in said
    assert f"synthesised corpus {root} with {total} samples, 1 of them in this run" in said
    assert f"made sample {lost.id}, {total} of {total}" in stages(caplog, logging.DEBUG)


def test_an_evaluation_says_what_was_read_scored_frozen_and_written(
    facetrail: Facetrail, tiny_corpus: Corpus, toy: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    asked = ("evaluate", tiny_corpus.root, "--detector", toy, "-o", tmp_path / "results", "--json")
    code, out, err = facetrail(*asked, "-v")
    assert code == 0, err
    assert json.loads(out)["command"] == "evaluate"
    said = stages(caplog)
    assert f"read corpus {tiny_corpus.root} with {len(tiny_corpus.samples)} samples" in said
    assert f"loaded detector toy_resnet18 from {toy}" in said
    assert re.search(r"score_corpus: scored \d+ frames of \d+ samples with toy_resnet18; faces by sidecar", said)
    assert "froze the threshold of toy at 0.5: one half, because the detector carries no threshold" in said
    assert f"wrote the results of 1 detectors and probes to {tmp_path / 'results'}" in said
    caplog.clear()
    assert facetrail(*asked, "-v")[0] == 0
    assert f"took the test scores of toy from {tmp_path / 'results' / 'toy'}" in stages(caplog)


def test_a_grid_says_how_many_of_how_many_cells_are_done(
    tiny_corpus: Corpus, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = GridRun(
        create_detector("toy_resnet18", seed=1),
        tiny_corpus,
        tiny_corpus.samples[:2],
        detector_digest="d",
        per_clip=1,
        folder=tmp_path,
    )
    caplog.set_level(logging.INFO)
    run_cells(run, [("jpeg", 1)])
    run_cells(run, [("jpeg", 1), ("jpeg", 2)])
    said = [line.partition(": ")[2] for line in stages(caplog).splitlines() if "cells are done" in line]
    assert said == [
        "0 of 2 cells are done; 1 shards are to be scored",
        "2 of 2 cells are done",
        "2 of 3 cells are done; 1 shards are to be scored",
        "3 of 3 cells are done",
    ]


@pytest.mark.slow
def test_details_go_to_stderr_from_the_confined_process_too_and_hold_no_key(
    picture: Path, deployment: Deployment, tmp_path: Path
) -> None:
    program, home = [sys.executable, "-m", "forensics"], ["--home", str(deployment.folder)]
    sealed = tmp_path / "sealed\nforged line.png"
    said = ""
    for asked in (["seal", str(picture), "-o", str(sealed), "--kind", "generated"], ["read", str(sealed)]):
        done = subprocess.run([*program, *asked, "--json", "-vv", *home], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["results"][0]["credential"]["state"] == "trusted"
        assert [line for line in done.stderr.splitlines() if not LINE.fullmatch(line)] == []
        said += done.stderr
    assert re.search(r"INFO watermark\.sealing\.release: sealed \S+sealed\\nforged line\.png with", said)
    assert re.search(r"INFO watermark\.provenance: mark of \S+sealed\\nforged line\.png: generated mark", said)
    assert "DEBUG watermark.identity.mark_keys: mark keys in" in said
    assert "DEBUG watermark.mark.read: " in said
    assert "INFO forensics.execution.sandbox: started process " in said
    key_file = deployment.folder / "identity" / "leaf_key.pem"
    secrets = [*deployment.mark_keys, key_file.read_bytes()]
    lines = [line for line in key_file.read_text("ascii").splitlines() if "-----" not in line]
    forms = [*lines, *(form for one in secrets for form in (one.hex(), base64.b64encode(one).decode(), repr(one)))]
    assert len(forms) > 6
    assert [form for form in forms if form in said] == []


@pytest.mark.slow
def test_a_program_that_imports_the_packages_sees_no_line_it_did_not_ask_for(
    picture: Path, deployment: Deployment, tmp_path: Path
) -> None:
    script = (
        "import logging, sys\n"
        "from pathlib import Path\n"
        "from watermark import Deployment, PayloadKind, read_provenance, seal_file\n"
        "home, source, out = map(Path, sys.argv[1:])\n"
        "deployment = Deployment.open(home)\n"
        "seal_file(source, out, PayloadKind.CONTROL, deployment)\n"
        "assert read_provenance(out, deployment).outcome == 'trusted'\n"
        "assert not logging.getLogger().handlers\n"
    )
    arguments = [str(deployment.folder), str(picture), str(tmp_path / "sealed.png")]
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
