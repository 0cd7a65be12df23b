"""What CONTRIBUTING.md, SECURITY.md and CHANGELOG.md say about the code is so."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```\n(.*?)^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
QUOTED = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"[\w.]+/[\w./-]*|\.?[a-zA-Z][\w-]*\.(?:py|md|toml|yaml|yml|txt)")
PLACEHOLDER = "NAME"
CHECKLISTS = ("Add a detector", "Add a forgery", "Add an importer", "Add a distortion")


def section(title: str) -> str:
    return TEXT.partition(f"## {title}\n")[2].partition("\n## ")[0]


def named_paths() -> list[str]:
    """List what the page names as a path: in links, in quotes, and the scripts of its code blocks."""
    prose = FENCE.sub("", TEXT)
    links = [link for link in LINK.findall(prose) if "://" not in link]
    quoted = [word for word in QUOTED.findall(prose) if PATH.fullmatch(word) and PLACEHOLDER not in word]
    scripts = re.findall(r"(?:scripts|tests)/\w+", "\n".join(FENCE.findall(TEXT)))
    return sorted({*links, *quoted, *scripts})


def questions() -> list[tuple[str, str]]:
    """List the first file and the word to look for of each row of the map."""
    rows = [line.split("|") for line in section("Map: ten questions").splitlines() if "](" in line]
    return [(LINK.findall(row[2])[0], QUOTED.findall(row[3])[0]) for row in rows]


def defined(path: Path) -> set[str]:
    """Name what a module defines at its top."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return found


def test_every_path_that_is_named_exists() -> None:
    assert [path for path in named_paths() if not (ROOT / path).exists()] == []


def test_paths_of_every_kind_are_found() -> None:
    assert {"scripts/setup", "watermark/", "forensics/distortions/tone.py", "docs/architecture.md"} <= set(
        named_paths()
    )


def test_the_map_answers_ten_questions_where_it_says() -> None:
    assert len(questions()) == 10
    assert [(path, word) for path, word in questions() if word not in defined(ROOT / path)] == []


@pytest.mark.parametrize("title", CHECKLISTS)
def test_a_checklist_has_at_most_five_steps_and_a_model(title: str) -> None:
    steps = re.findall(r"^\d+\. ", section(title), re.MULTILINE)
    assert 3 <= len(steps) <= 5
    assert "Model" in section(title) and LINK.search(section(title))


def test_the_floors_are_those_of_the_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (floors,) = [one["layers"] for one in contracts if one["name"] == "the floors of forensics"]
    assert FENCE.findall(section("Where a line belongs")) == ["\n".join(floors) + "\n"]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files(page: str) -> None:
    links = [link for link in LINK.findall((ROOT / page).read_text(encoding="utf-8")) if "://" not in link]
    assert links or page == "CHANGELOG.md"
    assert [link for link in links if not (ROOT / link.partition("#")[0]).exists()] == []


def test_hooks_and_workflow_run_what_people_run() -> None:
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert re.findall(r"- run: (.+)", workflow) == ["scripts/check", "scripts/test"]
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    commands = re.findall(r"entry: \.venv/bin/(\w+(?: \w+)?)", hooks)
    assert commands == ["ruff check", "ruff format", "mypy"]
