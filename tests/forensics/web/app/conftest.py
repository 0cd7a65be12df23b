"""Build a page context whose folders belong to the test, and requests as the framework passes them to callbacks."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

pytest.importorskip("gradio", reason="the extra app is not installed")

from forensics.web.app.context import AppContext
from forensics.web.app.examine_action import card_examiner
from forensics.web.app.sessions import Sessions


@dataclass(frozen=True)
class Tab:
    """The part of a request that callbacks read."""

    session_hash: str = "tab"


@pytest.fixture
def sessions(tmp_path):
    made = Sessions(tmp_path)
    yield made
    made.close()


@pytest.fixture
def context(deployment, sessions, tmp_path):
    return AppContext(deployment, sessions, "cpu", tmp_path / "results", card_examiner, detectors={"cpu": "cpu"})


@pytest.fixture
def tab():
    return Tab()


@pytest.fixture
def upload(sessions):
    """Return a function that writes a file where the framework writes uploads."""

    def put(name, content):
        folder = sessions.uploads / f"digest-of-{len(list(sessions.uploads.iterdir()))}"
        folder.mkdir()
        (folder / name).write_bytes(content)
        return str(folder / name)

    return put


def no_bar(progress, desc):
    """A progress bar that draws nothing."""


@pytest.fixture
def bar():
    return no_bar
