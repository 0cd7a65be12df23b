"""A context whose folders are the test's own, and requests as the page's framework hands them to callbacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("gradio", reason="the extra app is not installed")

from forensics.web.app.context import AppContext
from forensics.web.app.examine_action import card_examiner
from forensics.web.app.sessions import Sessions
from watermark import Deployment


@dataclass(frozen=True)
class Tab:
    """The part of a request that callbacks read."""

    session_hash: str = "tab"


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[Sessions]:
    made = Sessions(tmp_path)
    yield made
    made.close()


@pytest.fixture
def context(deployment: Deployment, sessions: Sessions, tmp_path: Path) -> AppContext:
    return AppContext(deployment, sessions, "cpu", tmp_path / "results", card_examiner, detectors={"cpu": "cpu"})


@pytest.fixture
def tab() -> Tab:
    return Tab()


@pytest.fixture
def upload(sessions: Sessions) -> Callable[[str, bytes], str]:
    """Return a function that writes a file where the framework writes uploads."""

    def put(name: str, content: bytes) -> str:
        folder = sessions.uploads / f"digest-of-{len(list(sessions.uploads.iterdir()))}"
        folder.mkdir()
        (folder / name).write_bytes(content)
        return str(folder / name)

    return put


def no_bar(progress: float, desc: str) -> None:
    """A progress bar that draws nothing."""


@pytest.fixture
def bar() -> Callable[[float, str], None]:
    return no_bar
