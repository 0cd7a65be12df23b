"""Describe a corpus for people and for programs."""

from __future__ import annotations

from forensics.corpus import Corpus
from forensics.execution.command_result import CommandResult, JsonObject


def describe(corpus: Corpus) -> CommandResult:
    """Return the counts of a corpus by split, slice and label."""
    from forensics.corpus import tally

    rows = tally(corpus.samples)
    head = f"  {'split':<8}{'slice':<9}{'label':<9}{'clips':>7}{'stills':>8}{'identities':>12}"
    lines = [
        f"  {row.split:<8}{row.slice:<9}{row.label:<9}{row.clips:>7}{row.stills:>8}{row.identities:>12}" for row in rows
    ]
    counts: list[JsonObject] = [
        {
            "split": row.split.value,
            "slice": row.slice.value,
            "label": row.label.value,
            "clips": row.clips,
            "stills": row.stills,
            "identities": row.identities,
        }
        for row in rows
    ]
    entry: JsonObject = {"path": str(corpus.root), "samples": len(corpus.samples), "counts": [*counts]}
    return CommandResult("\n".join([str(corpus.root), head, *lines]), (entry,))
