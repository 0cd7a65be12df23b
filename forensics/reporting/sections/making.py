"""Build the sections on generated files: the forgeries, their quality, and the provenance of every output."""

from __future__ import annotations

from forensics.reporting.blocks import Cell, Column, Exhibit, Gallery, Section, Strip, Table, section
from forensics.reporting.gather import Results
from forensics.reporting.words import count_cell, estimate_cell, estimate_fields, metric, text_cell


def gallery(results: Results) -> Section | None:
    """Build the gallery of forgeries from source to output."""
    rows = results.trail.gallery if results.trail else ()
    strips = tuple(
        Strip(
            row.caption,
            (
                Exhibit(row.source, "source"),
                Exhibit(row.drive, "drive"),
                Exhibit(row.snapshot, "snapshot"),
                Exhibit(row.output, "output", chief=True),
                Exhibit(row.truth, "truth"),
            ),
        )
        for row in rows
    )
    return section(
        "gallery",
        "From source to output",
        "The source gives look and identity, the drive gives motion. The snapshot shows the motion on the "
        "source's head, which is all the generator sees of it. "
        "Every output is the sealed file itself: save it, and facetrail read finds its mark and credential.",
        [Gallery(strips) if strips else None],
    )


def quality(results: Results) -> Section | None:
    """Build the table of the quality of a generator's output, by region."""
    rows = tuple(
        (
            text_cell(one.title),
            text_cell(metric(cell.name)),
            text_cell("whole picture" if cell.slice == "all" else cell.slice),
            estimate_cell(cell),
            count_cell(cell.n_positive),
            text_cell(cell.note),
        )
        for one in results.quality
        for cell in one.report.measures
    )
    columns = (
        Column("weights"),
        Column("measure"),
        Column("region"),
        Column("value", estimate_fields("value"), numeric=True),
        Column("measured on", numeric=True),
        Column("note"),
    )
    return section(
        "quality",
        "Generation quality",
        "How near outputs come to the truth where it is known, and how well they keep identity, expression and pose. "
        "Intervals are 95 %, from a bootstrap over identities.",
        [Table("quality", "Quality by region", columns, rows) if rows else None],
    )


def provenance(results: Results) -> Section | None:
    """Build the table of the mark and credential of every output when read back."""
    columns = (
        Column("file"),
        Column("SHA-256"),
        Column("mark"),
        Column("credential"),
        Column("read back"),
    )
    found = results.trail.provenance if results.trail else ()
    rows = tuple(
        (
            text_cell(row.file, kind="mono"),
            _digest(row.sha256),
            text_cell(row.mark_id or "none", row.kind or "", kind="mono"),
            text_cell(row.state.replace("_", " ")),
            text_cell("as sealed" if row.as_sealed else "differs", kind="good" if row.as_sealed else "bad"),
        )
        for row in found
    )
    as_sealed = sum(row.as_sealed for row in found)
    title = f"{as_sealed} of {len(found)} outputs read back as sealed"
    return section(
        "provenance",
        "Provenance",
        "Every output was read back from disk: the mark from its pixels, the credential from its bytes.",
        [Table("provenance", title, columns, rows, folded=len(rows) > 20) if rows else None],
    )


def _digest(sha256: str) -> Cell:
    return Cell(sha256[:12], values=(sha256,), kind="mono", hint=sha256)
