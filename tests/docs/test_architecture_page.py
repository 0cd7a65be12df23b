"""Check that every file and folder that the architecture page names exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROOMS = ("watermark", "detectors", "generator", "forensics")


def places(room: str) -> list[str]:
    """List the names in the first cells of a package's table; a bare name is in the folder of the one before it."""
    section = PAGE.partition(f"### {room}\n")[2].partition("\n#")[0]
    found: list[str] = []
    for line in section.splitlines():
        beside = ""
        for name in re.findall(r"`([\w/]+(?:\.py|/))`", line.split("|")[1] if line.startswith("|") else ""):
            folder, slash, _ = name.rstrip("/").rpartition("/")
            beside = folder if slash else beside
            found.append(name if slash or not beside else f"{beside}/{name}")
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_named_places_exist(room: str) -> None:
    missing = [name for name in places(room) if not (ROOT / room / name).exists()]
    assert missing == []


def test_places_are_found_at_all() -> None:
    assert len(places("forensics")) > 20 and len(places("watermark")) > 10
