"""Fill the tables in docs/ and README.md from results/*.csv; nothing in them is typed by hand.

A table stands between `<!-- table: NAME -->` and `<!-- end -->`; NAME is a file results/NAME.csv. With `--check`, write
nothing and fail where a table is not what the results say.
"""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
Rows = list[dict[str, str]]


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def generation(rows: Rows) -> str:
    """Return methods against regions."""
    regions = ["whole", "eyes", "mouth", "hair", "background"]
    methods = ["ours", "source moved by the mesh", "copy of the source", "codec ceiling"]
    cells = {(row["method"], row["region"]): row for row in rows}
    table = []
    for method in methods:
        line = [method]
        for region in regions:
            row = cells[method, region]
            line.append(f"{row['value']} [{row['low']}, {row['high']}]")
        table.append(line)
    counts = ", ".join(f"{r} {cells['ours', r]['n_identities']}/{cells['ours', r]['n_frames']}" for r in regions)
    note = f"N (identities/frames): {counts}. Weights {rows[0]['weights']}."
    return markdown(["PSNR, dB", *regions], table) + f"\n{note}\n"


def demo(rows: Rows) -> str:
    """Return the main measures and the robustness grid, both detectors side by side."""
    shown = ("auc/", "eer/", "tpr_at_fpr_5/", "fpr/video", "score_shift")
    detectors = list(dict.fromkeys(row["detector"] for row in rows))
    lines: dict[str, dict[str, dict[str, str]]] = {}
    for row in rows:
        distorted = row["distortion"] != "none"
        if row["measure"].startswith(shown) and (not distorted or row["measure"] == "auc/video"):
            name = f"{row['measure']}, {row['distortion']} {row['severity']}" if distorted else row["measure"]
            lines.setdefault(name, {}).setdefault(row["detector"], row)
    table = []
    for name, found in lines.items():
        cells = [f"{found[d]['value']} [{found[d]['low']}, {found[d]['high']}]" for d in detectors]
        counts = found[detectors[0]]
        table.append([name, *cells, counts["n_forged"], counts["n_genuine"]])
    return markdown(["measure", *detectors, "forged", "genuine"], table) + f"\nSeed {rows[0]['seed']}.\n"


def plain(rows: Rows) -> str:
    """Return the file as it stands."""
    return markdown(list(rows[0]), [list(row.values()) for row in rows])


def table_of(name: str) -> str:
    """Return the Markdown of one results file."""
    with (ROOT / "results" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {"generation": generation, "demo": demo}.get(name, plain)(rows)


def main() -> int:
    """Fill or check every table."""
    stale = []
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        text = path.read_text(encoding="utf-8")
        filled = BLOCK.sub(lambda match: match[1] + table_of(match[2]) + match[3], text)
        if filled != text:
            stale.append(path.name)
            if "--check" not in sys.argv:
                path.write_text(filled, encoding="utf-8")
    if stale:
        print(("stale: " if "--check" in sys.argv else "filled: ") + ", ".join(stale))
    return int(bool(stale) and "--check" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
