"""Build a tiny corpus whose forgeries come from a stand-in: the true picture, coarsened, then marked and sealed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
import pytest

from forensics import cli
from forensics.corpus import Corpus, Split
from forensics.synthesis.plan import SynthesisConfig
from forensics.synthesis.synthesize import synthesize
from generator import DriveSequence, FaceParams
from generator.avatars import render, sample_avatar
from watermark import Claim, Deployment, Payload, PayloadKind, SealReceipt, mark, seal
from watermark.identity.private_files import write_private


@dataclass(frozen=True)
class StandInClip:
    frames: np.ndarray
    fps: float
    claim: Claim

    def seal(self, path: Path, deployment: Deployment) -> SealReceipt:
        if path.suffix == ".mp4":
            return seal(self.frames, path, self.claim, deployment, fps=self.fps)
        return seal(self.frames[0], path, self.claim, deployment)


@dataclass(frozen=True)
class StandInForger:
    """A forger that blurs the source still; it follows no motion, but everything that it calls is real."""

    deployment: Deployment
    method: str = "stand-in"

    def forge(self, still: np.ndarray, params: FaceParams, drive: DriveSequence, seed: int) -> StandInClip:
        payload = Payload.random(np.random.default_rng(seed), PayloadKind.GENERATED)
        coarse = cv2.resize(cv2.resize(still, None, fx=0.25, fy=0.25), still.shape[1::-1])
        frames = mark(np.stack([coarse] * len(drive)), payload, self.deployment.mark_key)
        return StandInClip(frames, drive.fps, Claim(payload, "stand-in", "stand-in", version("facetrail"), seed=seed))


@pytest.fixture(autouse=True)
def no_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Process files in this process, where tests can use stand-ins; tests/forensics/hostile starts the real one."""
    monkeypatch.setattr("forensics.execution.sandbox.confined", lambda prepare, limits: nullcontext(prepare()))


TINY = SynthesisConfig(seed=5, identities=6, clips=1, stills=1, frames=3, size=192, control=(Split.TEST,))


@pytest.fixture(scope="session")
def recipe() -> SynthesisConfig:
    """Return the settings of `tiny_corpus`."""
    return TINY


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """Return a deployment with a fixed key, so that reading a mark does not depend on a random key."""
    folder = tmp_path_factory.mktemp("home")
    write_private(folder / "mark.key", bytes(range(32)))
    return Deployment.open(folder)


@pytest.fixture(scope="session")
def forger(deployment: Deployment) -> StandInForger:
    return StandInForger(deployment)


@pytest.fixture(scope="session")
def tiny_corpus(tmp_path_factory: pytest.TempPathFactory, forger: StandInForger, deployment: Deployment) -> Corpus:
    """Return the tiny corpus, which is read-only: tests that change a corpus copy it first."""
    return synthesize(tmp_path_factory.mktemp("tiny") / "corpus", TINY, forger, deployment)


@pytest.fixture(scope="session")
def avatar_still() -> np.ndarray:
    avatar = sample_avatar(3, "cartoon")
    return render(avatar, avatar.params(), 256).picture


@pytest.fixture
def facetrail(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Return a function that calls the command line and returns its exit code, stdout and stderr."""
    monkeypatch.setattr("logging.basicConfig", lambda **_: None)
    monkeypatch.setattr("logging.captureWarnings", lambda _: None)

    def call(*arguments: object) -> tuple[int, str, str]:
        code = cli.main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call
