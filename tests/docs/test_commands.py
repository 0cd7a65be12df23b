"""Check that the command line accepts every command in the documentation, also those that are not run."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

import pytest

from forensics.cli.main import _parser

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```\w*\n(.*?)^```", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"`(facetrail [a-z][^`]*)`")
OPEN = ("…", "[", "{", "COMMAND", " or ")
"""Text that shows that a command is not complete."""

UNSAID = ("the following arguments are required", "expected one argument", "expected at least one argument")
"""Errors that are accepted for a command that is only mentioned."""


class NotUnderstood(Exception):
    """The command line refuses a command."""


@pytest.fixture(autouse=True)
def complain(monkeypatch: pytest.MonkeyPatch) -> None:
    def error(self: argparse.ArgumentParser, message: str) -> None:
        raise NotUnderstood(message)

    monkeypatch.setattr(argparse.ArgumentParser, "error", error)


def blocks(text: str) -> list[str]:
    lines = [line for block in FENCE.findall(text) for line in block.replace("\\\n", " ").splitlines()]
    return [line for line in lines if line.startswith("facetrail ")]


def understand(command: str) -> None:
    _parser(words := shlex.split(command, comments=True)[1:]).parse_args(words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_are_understood(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for command in blocks(text):
        if not any(sign in command for sign in OPEN):
            understand(command)
    for command in SPAN.findall(FENCE.sub("", text)):
        if any(sign in command for sign in OPEN):
            continue
        try:
            understand(command)
        except NotUnderstood as problem:
            assert any(sign in str(problem) for sign in UNSAID), f"{command}: {problem}"


def test_a_wrong_option_is_noticed() -> None:
    with pytest.raises(NotUnderstood):
        understand("facetrail read picture.jpg --no-such-option")
