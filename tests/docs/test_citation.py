"""The citation file is read by programs; it, the README and the package say the same."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[2]
CFF = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_version_cited_is_the_packages() -> None:
    assert re.search(r"^version: (.+)$", CFF, re.MULTILINE)[1] == version("facetrail")
    assert re.search(r"version = \{(.+?)\}", README)[1] == version("facetrail")


def test_readme_and_file_name_the_same_paper() -> None:
    people = re.findall(r"given-names: (.+?), family-names: (\w+)", CFF)
    author = re.sub(r"\s+", " ", re.search(r"author  = \{(.+?)\},", README, re.DOTALL)[1])
    assert author == " and ".join(f"{family}, {given}" for given, family in people)
    assert re.search(r"doi: (\S+)", CFF)[1] in README
    assert "2406.13272" in CFF and "2406.13272" in README
