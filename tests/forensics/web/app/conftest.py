"""A bench whose folders are the test's own, and requests as the page's framework hands them to callbacks."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

pytest.importorskip("gradio", reason="the extra app is not installed")

from forensics.web.app.context import Workbench
from forensics.web.app.sessions import Visits


@dataclass(frozen=True)
class Tab:
    """As much of a request as callbacks look at."""

    session_hash: str = "tab"


@pytest.fixture
def visits(tmp_path):
    made = Visits(tmp_path)
    yield made
    made.close()


@pytest.fixture
def bench(deployment, visits, tmp_path):
    return Workbench(deployment, visits, "cpu", tmp_path / "results", detectors={"cpu": "cpu"})


@pytest.fixture
def tab():
    return Tab()


@pytest.fixture
def upload(visits):
    """Put a file where the framework puts uploads."""

    def put(name, content):
        folder = visits.uploads / f"digest-of-{len(list(visits.uploads.iterdir()))}"
        folder.mkdir()
        (folder / name).write_bytes(content)
        return str(folder / name)

    return put


def no_bar(progress, desc):
    """A progress bar that nobody looks at."""


@pytest.fixture
def bar():
    return no_bar
