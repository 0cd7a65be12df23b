"""Every long command, killed at random moments and started again, leaves what an undisturbed run leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from forensics.corpus import Corpus

SCRIPT = Path(__file__).with_name("killed_runs.py")
KILLS = {"synthesize": 6, "import": 6, "crop": 6, "train": 6, "evaluate": 6, "animate": 5}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory, tiny_corpus: Corpus) -> dict[str, dict[str, object]]:
    """Run all of them in one process, because importing takes longer than most of the work."""
    work = tmp_path_factory.mktemp("killed")
    command = [sys.executable, str(SCRIPT), str(work), str(tiny_corpus.root), "11"]
    command += [f"{name}={kills}" for name, kills in KILLS.items()]
    root = str(Path(__file__).parents[3])
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([root, *sys.path])}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    return dict(json.loads((work / "said.json").read_text()))


@pytest.mark.slow
@pytest.mark.parametrize("name", KILLS)
def test_a_killed_run_ends_as_an_undisturbed_one(said: dict[str, dict[str, object]], name: str) -> None:
    told = said[name]
    assert told["kills"] == KILLS[name]
    assert told["files"]
    assert told["differing"] == []


def test_at_least_thirty_moments_are_tried() -> None:
    assert sum(KILLS.values()) >= 30
