"""What is changed in a page before MkDocs reads it, and what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.docs.site_pages import DOCS, ROOT, adapt, linked_files, navigation, site_path, source_of, spaced

PAGE = DOCS / "benchmarks" / "demo.md"


@pytest.mark.parametrize(
    ("link", "changed"),
    [
        ("../quickstart.md#run-the-demo", "../quickstart.md#run-the-demo"),
        ("../../CITATION.cff", "../repository/CITATION.cff"),
        ("../../README.md#use-it", "../repository/README.md#use-it"),
        ("https://example.org/a.md", "https://example.org/a.md"),
        ("#a-heading", "#a-heading"),
    ],
)
def test_links_lead_to_the_same_file_in_the_site(link: str, changed: str) -> None:
    assert adapt(f"See [this]({link}).", PAGE) == f"See [this]({changed})."


def test_a_link_to_a_folder_becomes_text() -> None:
    assert adapt("See [the settings](../../configs).", PAGE) == "See the settings."


def test_links_of_the_readme_lead_back_into_the_documentation() -> None:
    assert adapt("![](docs/images/gallery.jpg)", ROOT / "README.md") == "![](../images/gallery.jpg)"


def test_code_keeps_its_links_and_lines() -> None:
    code = "```\n[a](../../README.md)\n* one\n| a |\n```"
    assert adapt(code, PAGE) == code


def test_lists_tables_and_comments_get_an_empty_line() -> None:
    assert spaced("Text:\n* one\n  more\n* two") == "Text:\n\n* one\n  more\n* two"
    assert (
        spaced("<!-- table: x -->\n| a |\n|---|\n<!-- end -->") == "<!-- table: x -->\n\n| a |\n|---|\n\n<!-- end -->"
    )
    assert spaced("A minus sign\n-1 and *stress* stay") == "A minus sign\n-1 and *stress* stay"


def test_the_navigation_has_every_page_once() -> None:
    sections = navigation((DOCS / "README.md").read_text(encoding="utf-8"))
    named = [page for section in sections for pages in ([section] if isinstance(section, str) else section.values())
             for page in ([pages] if isinstance(pages, str) else pages)]  # fmt: skip
    assert sorted(named) == sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))


def test_files_outside_are_found_with_those_that_they_link_to() -> None:
    found = linked_files([DOCS / "README.md"])
    assert ROOT / "README.md" in found and ROOT / "CITATION.cff" in found
    assert not any(path.is_relative_to(DOCS) for path in found)


@pytest.mark.parametrize("path", [PAGE, ROOT / "README.md", Path(ROOT / "results" / "demo.csv")])
def test_a_page_of_the_site_is_found_again(path: Path) -> None:
    assert source_of(site_path(path).as_posix()) == path
