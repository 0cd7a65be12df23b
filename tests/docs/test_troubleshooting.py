"""Every message that the page about errors explains is one that the code still writes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
NOT_ERRORS_OF_OURS = {
    "facetrail: command not found",
    "No matching distribution found for c2pa-python",
    "INCONCLUSIVE",
    "valid unknown signer",
    "mark none",
}
"""What a shell or pip writes, and words of an answer that is no error."""


def explained() -> list[str]:
    """List the messages in the first cells of the page's tables."""
    cells = [line.split(" | ")[0] for line in PAGE.splitlines() if line.startswith("| `")]
    return [message for cell in cells for message in re.findall(r"`([^`]+)`", cell)]


def strings_of(source: str) -> Iterator[str]:
    """Yield every string of a module, with … for each value that is filled in."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.fixture(scope="module")
def written() -> str:
    rooms = ("forensics", "generator", "detectors", "watermark")
    modules = [path.read_text(encoding="utf-8") for room in rooms for path in sorted((ROOT / room).rglob("*.py"))]
    scripts = (ROOT / "scripts" / "setup").read_text(encoding="utf-8")
    return "\n\0".join([scripts, *(text for module in modules for text in strings_of(module))])


def is_written(message: str, written: str) -> bool:
    """Return whether one text of the code has the parts of a message, in their order."""
    parts = [part for part in message.split("…") if part]
    return any(follow(text, parts) for text in written.split("\0") if parts[0] in text)


def follow(text: str, parts: list[str]) -> bool:
    at = 0
    for part in parts:
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True


@pytest.mark.parametrize("message", [one for one in explained() if one not in NOT_ERRORS_OF_OURS])
def test_the_code_writes_what_the_page_explains(message: str, written: str) -> None:
    assert is_written(message, written)


def test_messages_are_found_at_all() -> None:
    assert len(explained()) > 50 and set(explained()) >= NOT_ERRORS_OF_OURS


def test_a_message_that_nobody_writes_is_noticed(written: str) -> None:
    assert not is_written("…: is no message of this program; … nothing", written)
