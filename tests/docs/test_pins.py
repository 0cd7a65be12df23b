"""Check that every dependency is pinned to one tested version, and that this version is installed."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = ("full", "track", "sd15", "train", "app", "serve")
PINS = dict(
    line.partition(";")[0].split("==")
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
)
NEEDED = sorted(
    {
        re.split(r"[^\w-]", requirement)[0]
        for requirement in (
            *PROJECT["dependencies"],
            *(one for extra in EXTRAS for one in PROJECT["optional-dependencies"][extra]),
        )
    }
    - {"facetrail"}
)


def test_there_are_dependencies_at_all() -> None:
    assert len(NEEDED) > 20


@pytest.mark.parametrize("name", NEEDED)
def test_everything_that_is_needed_at_run_time_is_pinned(name: str) -> None:
    assert name in PINS


@pytest.mark.parametrize("name", sorted(PINS))
def test_what_is_installed_is_what_is_pinned(name: str) -> None:
    try:
        installed = version(name)
    except PackageNotFoundError:
        return  # an extra that is not needed here
    assert installed.partition("+")[0] == PINS[name]
