"""Check the README's statements besides its commands, which `test_examples.py` runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from watermark import CredentialState, Deployment, read_provenance

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")

pytestmark = pytest.mark.slow


def test_the_demo_leaves_one_page_that_needs_no_network(shelf: Callable[[str], Path]) -> None:
    page = (shelf("demo-out") / "demo-out" / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", page)
    assert page.count("data:image/") + page.count("data:video/") >= 10, "two rows of five pictures"


def test_the_python_example_leaves_a_sealed_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert example is not None
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FACETRAIL_HOME", str(tmp_path / "home"))
    exec(compile(example[1], "README.md", "exec"), {})  # noqa: S102
    found = read_provenance(tmp_path / "avatar.mp4", Deployment.open(tmp_path / "home"))
    assert found.credential.state is CredentialState.TRUSTED and found.mark.ours
