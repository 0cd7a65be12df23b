"""A context whose folders are the test's own, and requests as the page's framework hands them to callbacks."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

pytest.importorskip("gradio", reason="the extra app is not installed")

from forensics.web.app.context import AppContext
from forensics.web.app.examine_action import card_examiner
from forensics.web.app.sessions import Sessions


@dataclass(frozen=True)
class Tab:
    """As much of a request as callbacks look at."""

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
    """Put a file where the framework puts uploads."""

    def put(name, content):
        folder = sessions.uploads / f"digest-of-{len(list(sessions.uploads.iterdir()))}"
        folder.mkdir()
        (folder / name).write_bytes(content)
        return str(folder / name)

    return put


def no_bar(progress, desc):
    """A progress bar that nobody looks at."""


@pytest.fixture
def bar():
    return no_bar
