"""Prepare a folder for each page with the files that its examples name."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Build each material once, when the first page needs it, and return its path."""
    from .materials import MATERIALS

    folder = tmp_path_factory.mktemp("shelf")

    def fetch(name: str) -> Path:
        if not (folder / name).exists():
            MATERIALS[name](folder / name)
        return folder

    return fetch


@pytest.fixture
def workplace(tmp_path: Path, shelf: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Create a folder with all files that a text names, and make it the working folder."""
    import torch

    from .materials import MATERIALS, KnowingAvatarTracker, KnowingFinder

    torch.set_num_threads(1)

    def knowing(choice: object) -> KnowingAvatarTracker:
        return KnowingAvatarTracker()

    monkeypatch.setattr("forensics.animation.animate.open_tracker", knowing)
    monkeypatch.setattr("forensics.animation.tracking.open_tracker", knowing)
    monkeypatch.setattr("forensics.faces.choosing.open_face_finder", lambda choice: KnowingFinder())
    monkeypatch.setattr("forensics.examination.examiner.open_face_finder", lambda choice: KnowingFinder())
    monkeypatch.setattr("forensics.execution.sandbox.confined", lambda prepare, limits: nullcontext(prepare()))
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    monkeypatch.setattr("logging.basicConfig", lambda **_: None)
    monkeypatch.setattr("logging.captureWarnings", lambda _: None)

    def prepare(text: str) -> Path:
        work = tmp_path / "work"
        work.mkdir()
        for name in MATERIALS:
            if name in text:
                top = name.split("/")[0]
                source = shelf(name)
                if (source / top).is_dir():
                    shutil.copytree(source / top, work / top)
                else:
                    shutil.copyfile(source / name, work / name)
        home = shelf("demo-out") / "home" if "demo-out" in text else tmp_path / "home"
        if "dataset_json" in text:
            shutil.copytree(shelf("dataset_json/FaceForensics++.json") / "FaceForensics++", work / "FaceForensics++")
        monkeypatch.setenv("FACETRAIL_HOME", str(home))
        monkeypatch.chdir(work)
        return work

    return prepare
