"""Run the examples in the documentation unchanged: whatever follows the line `<!-- tested -->`.

An example is a block of commands, a block of Python, or a table, of which every code span that starts with `facetrail`
is run. The examples of a page run from top to bottom in one folder.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from forensics.cli.main import main

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TESTED = re.compile(r"^<!-- tested -->\n+(?:```(\w*)\n(.*?)^```|((?:^\|[^\n]*\n)+))", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"`(facetrail [^`]+)`")


@dataclass(frozen=True, slots=True)
class Example:
    """A command or a piece of Python, and its position."""

    text: str
    line: int
    python: bool = False


def examples_of(page: Path) -> list[Example]:
    text = page.read_text(encoding="utf-8")
    found: list[Example] = []
    for match in TESTED.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        language, block, table = match.groups()
        if language == "python":
            found.append(Example(block, line, python=True))
        else:
            commands = SPAN.findall(table) if table else block.replace("\\\n", " ").strip().splitlines()
            found += [Example(command, line) for command in commands]
    return found


EXAMPLES = {page.relative_to(ROOT).as_posix(): found for page in PAGES if (found := examples_of(page))}


def words_of(command: str, folder: Path) -> list[str]:
    words: list[str] = []
    for word in shlex.split(command, comments=True):
        found = sorted(str(path.relative_to(folder)) for path in folder.glob(word)) if "*" in word else [word]
        assert found, f"{word} matches nothing"
        words += found
    return words


def test_every_mark_is_followed_by_an_example() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert len(re.findall(r"^<!-- tested -->$", text, re.MULTILINE)) == len(TESTED.findall(text)), page.name
    assert len(EXAMPLES["README.md"]) >= 5


@pytest.mark.slow
@pytest.mark.parametrize("page", EXAMPLES)
def test_the_examples_of_a_page_work(
    page: str, workplace: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = workplace("\n".join(example.text for example in EXAMPLES[page]))
    for example in EXAMPLES[page]:
        if example.python:
            exec(compile(example.text, f"{page}:{example.line}", "exec"), {"__name__": "example"})  # noqa: S102
            continue
        words = words_of(example.text, folder)
        assert words[0] == "facetrail", f"{page}:{example.line} is no command of ours: {example.text}"
        code = main(words[1:])
        out, err = capsys.readouterr()
        attention = {0, 3} if words[1] == "examine" else {0}
        assert code in attention, f"{page}:{example.line}: {example.text}\nended with {code}: {err}"
        assert out.strip(), f"{page}:{example.line}: {example.text} says nothing"
