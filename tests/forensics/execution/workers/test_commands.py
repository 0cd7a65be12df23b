"""What the commands make does not depend on who makes it: one process, two, a dying one, or actors of Ray."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from forensics.corpus import Corpus
from forensics.errors import CorpusError
from forensics.execution.workers import WorkerConfig
from forensics.synthesis.plan import SynthesisConfig
from forensics.synthesis.synthesize import JOURNAL, synthesize
from watermark import Deployment

from ...conftest import StandInForger

FORGED = replace(
    SynthesisConfig(seed=5, identities=6, clips=0, stills=1, size=192), methods=("reenactment", "self-blend")
)


@dataclass(frozen=True)
class DyingForger(StandInForger):
    """Ends its process the first time it is asked for anything."""

    note: Path = Path()

    def forge(self, *asked: object) -> object:
        if not self.note.exists():
            self.note.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().forge(*asked)


@dataclass(frozen=True)
class TiredForger(StandInForger):
    """Refuses after some forgeries."""

    most: int = 2
    made: list[int] = field(default_factory=list)

    def forge(self, *asked: object) -> object:
        self.made.append(1)
        if len(self.made) > self.most:
            raise CorpusError("tired")
        return super().forge(*asked)


def unsigned(root: Path) -> list[dict[str, object]]:
    """Read a manifest without the hashes of sealed files."""
    lines = [json.loads(line) for line in (root / "manifest.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "sha256" or line["mark_id"] is None} for line in lines]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, deployment: Deployment) -> Path:
    root = tmp_path_factory.mktemp("alone") / "corpus"
    synthesize(root, FORGED, StandInForger(deployment), deployment)
    return root


@pytest.mark.slow
def test_two_workers_one_of_which_dies_make_the_manifest_that_one_makes(
    alone: Path, tmp_path: Path, deployment: Deployment
) -> None:
    forger = DyingForger(deployment, note=tmp_path / "died")
    synthesize(tmp_path / "two", FORGED, forger, deployment, worker_config=WorkerConfig(workers=2))
    assert forger.note.exists()
    assert unsigned(tmp_path / "two") == unsigned(alone)
    assert not (tmp_path / "two" / JOURNAL).exists()


@pytest.mark.slow
def test_what_was_made_before_a_run_was_cut_off_is_not_made_again(
    alone: Path, tmp_path: Path, deployment: Deployment
) -> None:
    root = tmp_path / "corpus"
    with pytest.raises(CorpusError, match="tired"):
        synthesize(root, FORGED, TiredForger(deployment), deployment)
    before = {json.loads(line)["path"] for line in (root / JOURNAL).read_text().splitlines()}
    kept = {path: (root / path).stat().st_mtime_ns for path in before}
    assert len(kept) == 3 * 4 + 2  # of two splits every genuine file, edit and control, and of the first two forgeries
    with (root / JOURNAL).open("a") as journal:
        journal.write('{"id": "cut o')
    corpus = synthesize(root, FORGED, StandInForger(deployment), deployment)
    assert {path: (root / path).stat().st_mtime_ns for path in before} == kept
    assert unsigned(root) == unsigned(alone)
    assert Corpus.load(root) == corpus


@pytest.mark.slow
def test_the_manifest_is_written_once_however_many_samples_there_are(
    tmp_path: Path, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    monkeypatch.setattr(
        "forensics.synthesis.synthesize.write_manifest", lambda root, samples: written.append(len(samples))
    )
    corpus = synthesize(tmp_path / "corpus", FORGED, StandInForger(deployment), deployment)
    assert written == [len(corpus.samples)]
