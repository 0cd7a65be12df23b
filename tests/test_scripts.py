from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
READ = ("pyproject.toml", "constraints.txt", "scripts/setup", "facetrail_lazy_door.py", "facetrail_torchvision.py")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a folder with what `scripts/setup` reads, and a Python there that writes down what it is asked."""
    for name in READ:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / "scripts/setup").chmod(0o755)
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho "$@" >> "{tmp_path}/asked"\n')
    python.chmod(0o755)
    return tmp_path


def set_up(clone: Path, *arguments: str) -> str:
    """Run the script and return what it asked Python for since the last time."""
    (clone / "asked").write_text("")
    subprocess.run([clone / "scripts/setup", *arguments], check=True, capture_output=True, env=os.environ)
    return (clone / "asked").read_text()


def test_users_get_less_than_developers_and_nothing_is_installed_twice(clone):
    assert "--editable .[track]" in set_up(clone, "--user")
    assert set_up(clone, "--user") == ""
    assert "--editable .[dev,docs,track,sd15,train]" in set_up(clone)
    assert set_up(clone) == ""
    assert set_up(clone, "--user") == "", "what developers have holds all that users need"
    (clone / "constraints.txt").write_text("torch==0\n")
    assert "--editable .[track]" in set_up(clone, "--user")


def test_the_stamp_names_what_was_read(clone):
    set_up(clone)
    wanted = hashlib.sha256(b"".join((clone / name).read_bytes() for name in READ)).hexdigest()
    assert (clone / ".venv/.facetrail-requirements").read_text() == f"{wanted} all\n"


def test_an_unknown_argument_is_refused_before_anything_is_installed(clone):
    asked = subprocess.run([clone / "scripts/setup", "--users"], capture_output=True, text=True)
    assert (asked.returncode, asked.stderr) == (2, "usage: scripts/setup [--user]\n")
    assert not (clone / "asked").exists()
