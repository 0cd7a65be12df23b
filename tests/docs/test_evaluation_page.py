"""The page about evaluation explains everything that an evaluation may name."""

from __future__ import annotations

import re
from pathlib import Path

from forensics.distortions import SUITES
from forensics.evaluation.generator_quality.measuring import UNITS
from forensics.evaluation.measures.fairness import SMALLEST
from forensics.evaluation.metrics.named_metrics import CALIBRATION, RANKING, at_threshold
from forensics.evaluation.protocol.protocols import PROTOCOLS
from forensics.evaluation.scores.aggregation import Aggregation

PAGE = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
NAMES = set(re.findall(r"`([\w:-]+)`", PAGE))
FIRST_CELLS = " ".join(line.split("|")[1] for line in PAGE.splitlines() if line.startswith("|"))


def explained(name: str) -> bool:
    """Tell whether a row of a table begins with a name, or with its ending after a shared beginning."""
    spans = re.findall(r"`([^`]+)`", FIRST_CELLS)
    return name in spans or any(span.startswith("_") and name.endswith(span) for span in spans)


def test_every_metric_is_defined() -> None:
    assert [name for name in (*RANKING, *CALIBRATION, *at_threshold(0.5), *UNITS) if not explained(name)] == []


def test_every_suite_protocol_and_aggregation_is_listed() -> None:
    suites = [suite.name for suite in SUITES if not suite.name.startswith("platform:")]
    known = (*suites, *(protocol.name for protocol in PROTOCOLS), *(one.short for one in Aggregation))
    assert [name for name in known if name not in NAMES] == []


def test_the_smallest_group_is_the_codes() -> None:
    assert SMALLEST == 10 and "fewer than ten files of either class" in re.sub(r"\s+", " ", PAGE)
