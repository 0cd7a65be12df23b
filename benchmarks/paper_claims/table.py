"""Format the table of docs/benchmarks/paper-claims.md from the rows of results/claims.csv."""

from __future__ import annotations

Rows = list[dict[str, str]]

HIGHER_IS_BETTER = ("psnr_db", "ssim", "identity_similarity", "expression_carried")
_CERTAIN = 0.05


def effects(rows: Rows) -> tuple[list[str], list[list[str]]]:
    """Return header and lines of the tests that decide the claims: one line per test, one column per family.

    A difference that is significant after Holm's correction is bold, and marked as worse where it is worse.
    """
    tests = [row for row in rows if row["p_holm"]]
    families = list(dict.fromkeys(row["family"] for row in tests))
    cells = {(_line(row), row["family"]): _cell(row) for row in tests}
    lines = [
        [effect, f"`{measure}`", domain, *(cells.get(((effect, measure, domain), family), "") for family in families)]
        for effect, measure, domain in dict.fromkeys(_line(row) for row in tests)
    ]
    return ["effect", "measure", "on", *(f"`{family}`" for family in families)], lines


def verdict(row: dict[str, str]) -> str:
    """Return the result of a difference after Holm's correction, in words."""
    if float(row["p_holm"]) >= _CERTAIN:
        return "not distinguishable"
    gained = (float(row["value"]) > 0) == (row["measure"] in HIGHER_IS_BETTER)
    if "less" in row["domain"]:
        return "gains more out of the domain" if gained else "gains less out of the domain"
    return "better" if gained else "worse"


def _line(row: dict[str, str]) -> tuple[str, str, str]:
    return row["arm"], row["measure"], row["domain"]


def _cell(row: dict[str, str]) -> str:
    value, low, high = (f"{float(row[key]):.2g}" for key in ("value", "low", "high"))
    says = verdict(row)
    if says == "not distinguishable":
        return f"{value} [{low}, {high}]"
    return f"**{value}** [{low}, {high}]" + (
        f" {says}" if says not in ("better", "gains more out of the domain") else ""
    )
