"""Let MkDocs build the pages that GitHub shows, from the same files; `mkdocs.yml` names this module as its hook.

GitHub and MkDocs differ in four things, and the pages are written for GitHub:

1. The navigation is read from the index, docs/README.md: a heading is a section, and the links below it are its pages.
2. A page may link to a file outside docs/. Such a file becomes part of the site, in the folder `repository`.
3. Lists, tables and comments may follow a line of text directly; MkDocs wants an empty line between them.
4. Markdown inside `<details>` is read by GitHub; MkDocs wants to be asked.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
OUTSIDE = "repository"
"""The folder of the site that holds what lies outside docs/."""

LINK = re.compile(r"(!?\[[^\]]*\])\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
ELSEWHERE = ("http://", "https://", "mailto:", "#")
ITEM = re.compile(r"(?:[*+-]|\d+\.) ")
COMMENT = re.compile(r"<!--.*-->$")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Set the navigation to the one that the index has."""
    config.nav = navigation((DOCS / "README.md").read_text(encoding="utf-8"))
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add every file outside docs/ to which a page links."""
    from mkdocs.structure.files import File, InclusionLevel

    for path in linked_files(sorted(DOCS.rglob("*.md"))):
        uri = site_path(path).as_posix()
        files.append(
            File.generated(config, uri, content=path.read_bytes().decode("utf-8"), inclusion=InclusionLevel.NOT_IN_NAV)
        )
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Return a page's text as MkDocs needs it."""
    return adapt(markdown, source_of(page.file.src_uri))


def navigation(index: str) -> list[str | dict[str, list[str]]]:
    """Return the index and its sections, each with the pages that it is the first to name."""
    sections: list[str | dict[str, list[str]]] = ["README.md"]
    named: set[str] = set()
    for section in re.split(r"^## ", index, flags=re.MULTILINE)[1:]:
        title, _, text = section.partition("\n")
        pages = []
        for link in links(text):
            name = link.partition("#")[0]
            if name.endswith(".md") and not name.startswith("..") and name not in named:
                named.add(name)
                pages.append(name)
        if pages:
            sections.append({title.strip(): pages})
    return sections


def links(text: str) -> Iterator[str]:
    """Yield every link of a text to a file of ours, with its anchor; code is left out."""
    for _, link in LINK.findall(FENCE.sub("", text)):
        if not link.startswith(ELSEWHERE):
            yield link


def linked_files(pages: list[Path]) -> list[Path]:
    """Return the files outside docs/ to which pages link, and those to which these link in turn."""
    found: list[Path] = []
    waiting = list(pages)
    while waiting:
        page = waiting.pop()
        for link in links(page.read_text(encoding="utf-8")):
            target = (page.parent / link.partition("#")[0]).resolve()
            if target.is_file() and not target.is_relative_to(DOCS) and target not in found:
                found.append(target)
                if target.suffix == ".md":
                    waiting.append(target)
    return found


def site_path(path: Path) -> Path:
    """Return where a file of the repository lies in the site."""
    return path.relative_to(DOCS) if path.is_relative_to(DOCS) else Path(OUTSIDE) / path.relative_to(ROOT)


def source_of(uri: str) -> Path:
    """Return the file of the repository that a page of the site is made of; the reverse of `site_path`."""
    path = Path(uri)
    return ROOT / path.relative_to(OUTSIDE) if path.is_relative_to(OUTSIDE) else DOCS / path


def adapt(text: str, source: Path) -> str:
    """Return the text of a page with its links and its empty lines as MkDocs needs them; code stays as it is."""

    def of_site(match: re.Match[str]) -> str:
        label, link = match.groups()
        if link.startswith(ELSEWHERE):
            return match[0]
        name, sign, anchor = link.partition("#")
        target = (source.parent / name).resolve()
        if target.is_dir():
            return label[1:-1]
        return f"{label}({os.path.relpath(site_path(target), site_path(source).parent)}{sign}{anchor})"

    opened = spaced(text).replace("<details>", "<details markdown>")
    return outside_code(opened, lambda part: LINK.sub(of_site, part))


def outside_code(text: str, change: Callable[[str], str]) -> str:
    """Return a text of which everything but fenced code was changed."""
    end = 0
    parts = []
    for fence in FENCE.finditer(text):
        parts += [change(text[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*parts, change(text[end:])])


def spaced(text: str) -> str:
    """Return a text with an empty line before each list and table, and around each comment."""
    lines: list[str] = []
    code = False
    for line in text.split("\n"):
        before = lines[-1] if lines else ""
        if before.strip() and not code and starts_anew(line, before):
            lines.append("")
        code ^= line.startswith("```")
        lines.append(line)
    return "\n".join(lines)


def starts_anew(line: str, before: str) -> bool:
    """Tell whether a line begins a list, a table or a comment, or follows a comment."""
    if COMMENT.match(before) or COMMENT.match(line):
        return True
    if ITEM.match(line):
        return not (ITEM.match(before) or before.startswith(" "))
    return line.startswith("|") and not before.startswith("|")
