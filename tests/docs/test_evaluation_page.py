"""Check that the pages about evaluation explain every name that an evaluation may return, each page its own."""

from __future__ import annotations

import re
from pathlib import Path

from forensics.distortions import SUITES
from forensics.evaluation.generator_quality.measuring import UNITS
from forensics.evaluation.measures.fairness import SMALLEST
from forensics.evaluation.metrics.named_metrics import CALIBRATION, RANKING, at_threshold
from forensics.evaluation.protocol.protocols import PROTOCOLS
from forensics.evaluation.scores.aggregation import Aggregation

DOCS = Path(__file__).parents[2] / "docs"
EVALUATION, ROBUSTNESS, GENERATORS = (
    (DOCS / f"{name}.md").read_text(encoding="utf-8") for name in ("evaluation", "robustness", "measuring-generators")
)


def names_on(page: str) -> set[str]:
    """List the names in a page's code spans."""
    return set(re.findall(r"`([\w:-]+)`", page))


def explained(name: str, page: str) -> bool:
    """Return whether a row of a table begins with a name, or with its ending after a shared prefix."""
    first_cells = " ".join(line.split("|")[1] for line in page.splitlines() if line.startswith("|"))
    spans = re.findall(r"`([^`]+)`", first_cells)
    return name in spans or any(span.startswith("_") and name.endswith(span) for span in spans)


def test_every_metric_is_defined() -> None:
    metrics = (*RANKING, *CALIBRATION, *at_threshold(0.5))
    assert [name for name in metrics if not explained(name, EVALUATION)] == []
    assert [name for name in UNITS if not explained(name, GENERATORS)] == []


def test_every_suite_protocol_and_aggregation_is_listed() -> None:
    suites = [suite.name for suite in SUITES if not suite.name.startswith("platform:")]
    known = (*(protocol.name for protocol in PROTOCOLS), *(one.short for one in Aggregation))
    assert [name for name in suites if name not in names_on(ROBUSTNESS)] == []
    assert [name for name in known if name not in names_on(EVALUATION)] == []


def test_the_smallest_group_is_the_codes() -> None:
    assert SMALLEST == 10 and "fewer than ten files of either class" in re.sub(r"\s+", " ", ROBUSTNESS)
