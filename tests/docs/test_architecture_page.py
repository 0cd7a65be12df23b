"""Check that every file and folder that the architecture page names exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROOMS = ("watermark", "detectors", "generator", "forensics")


def places(room: str) -> list[str]:
    """List what the rows of a room's table name; a bare name lies where the one before it lies."""
    section = PAGE.partition(f"### {room}\n")[2].partition("\n#")[0]
    found: list[str] = []
    for line in section.splitlines():
        beside = ""
        for name in re.findall(r"`([\w/]+(?:\.py|/))`", line if line.startswith("|") else ""):
            folder, slash, _ = name.rstrip("/").rpartition("/")
            beside = folder if slash else beside
            found.append(name if slash or not beside else f"{beside}/{name}")
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_named_places_exist(room: str) -> None:
    missing = [name for name in places(room) if not (ROOT / room / name).exists()]
    assert missing == []


@pytest.mark.parametrize("room", ROOMS)
def test_every_folder_and_file_of_a_room_is_named(room: str) -> None:
    inside = {path.name + "/" for path in (ROOT / room).iterdir() if (path / "__init__.py").exists()}
    inside |= {path.name for path in (ROOT / room).glob("*.py") if not path.name.startswith("__")}
    assert len(inside) > 8
    assert inside <= set(places(room))
