"""Check that the page about findings contains the truth table that the code uses."""

from __future__ import annotations

from pathlib import Path

from forensics.examination import verdict

PAGE = (Path(__file__).parents[2] / "docs" / "examining.md").read_text(encoding="utf-8")


def table_in(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("|")]


def test_the_page_shows_the_table_as_the_code_has_it() -> None:
    shown = PAGE.partition("<!-- truth table -->\n")[2].partition("\n\n")[0]
    assert table_in(shown) == table_in(verdict.__doc__ or "")
    assert len(table_in(shown)) == len(verdict.TABLE) + 2


def test_every_finding_is_explained_with_its_exit_code() -> None:
    for finding in verdict.Finding:
        code = 3 if finding.deserves_attention else 0
        row = next(line for line in table_in(PAGE) if line.startswith(f"| {finding.name} "))
        assert row.endswith(f"| {code} |"), finding
