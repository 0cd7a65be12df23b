"""The tables of docs/claims.md out of the rows of results/claims.csv."""

from __future__ import annotations

Rows = list[dict[str, str]]
Section = tuple[str, list[str], list[list[str]]]
"""Title, header, lines."""

HIGHER_IS_BETTER = ("psnr_db", "ssim", "identity_similarity", "expression_carried")
_WHOLE_ONLY = ("ssim", "l1")
"""Of these the tables show the whole frame; eyes and mouth stand in the file."""
_CERTAIN = 0.05


def sections(rows: Rows) -> list[Section]:
    """Return what the claims rest on, and the arms' levels, a table for each family."""
    return [_tests(rows), *_levels(rows)]


def _levels(rows: Rows) -> list[Section]:
    levels = [row for row in rows if row["kind"] == "level"]
    domains = dict.fromkeys(row["domain"] for row in levels)
    cells = {(row["family"], row["domain"], row["measure"], row["region"], row["arm"]): row for row in levels}
    out: list[Section] = []
    for family in dict.fromkeys(row["family"] for row in levels):
        arms = list(dict.fromkeys(row["arm"] for row in levels if row["family"] == family))
        lines = []
        for measure, region in dict.fromkeys((row["measure"], row["region"]) for row in levels):
            if measure in _WHOLE_ONLY and region != "whole":
                continue
            for domain in domains:
                found = [cells.get((family, domain, measure, region, arm)) for arm in arms]
                shown = ["" if row is None else f"{float(row['value']):.3g}" for row in found]
                lines.append([_name(measure, region), domain, *shown])
        out.append((f"Means, family `{family}`", ["measure", "on", *arms], lines))
    return out


def _tests(rows: Rows) -> Section:
    header = ["family", "effect", "measure", "on", "difference", "by seed", "p", "says"]
    lines = []
    for row in rows:
        if row["p_holm"]:
            value, low, high = (f"{float(row[key]):.3g}" for key in ("value", "low", "high"))
            seeds = ", ".join(f"{float(seed):.2g}" for seed in row["seeds"].split())
            lines.append([
                row["family"], row["arm"], _name(row["measure"], row["region"]), row["domain"],
                f"{value} [{low}, {high}]", seeds, f"{float(row['p_holm']):.2g}", verdict(row),
            ])  # fmt: skip
    return "What the claims rest on", header, lines


def verdict(row: dict[str, str]) -> str:
    """Return what a difference says after Holm's correction."""
    if float(row["p_holm"]) >= _CERTAIN:
        return "not distinguishable"
    gained = (float(row["value"]) > 0) == (row["measure"] in HIGHER_IS_BETTER)
    if "less" in row["domain"]:
        return "gains more out of the domain" if gained else "gains less out of the domain"
    return "better" if gained else "worse"


def _name(measure: str, region: str) -> str:
    return f"`{measure}`" if region == "whole" else f"`{measure}`, {region}"
