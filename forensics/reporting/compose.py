"""Build the content of a page from a results folder."""

from __future__ import annotations

from pathlib import Path

from forensics.reporting.sections.adversarial import adversarial
from forensics.reporting.sections.calibration import calibration
from forensics.reporting.sections.comparisons import comparisons
from forensics.reporting.sections.detection import detection
from forensics.reporting.sections.evidence import control, coverage, failures, probes
from forensics.reporting.sections.making import gallery, provenance, quality
from forensics.reporting.sections.published import published
from forensics.reporting.sections.reproduction import reproduction
from forensics.reporting.sections.robustness import robustness
from forensics.reporting.sections.slices import cross_forgery, slices

from . import summary
from .blocks import ReportContents
from .gather import Results, gather_results

SECTIONS = (
    gallery,
    detection,
    published,
    comparisons,
    calibration,
    robustness,
    cross_forgery,
    slices,
    adversarial,
    probes,
    control,
    failures,
    quality,
    coverage,
    provenance,
    reproduction,
)
"""The sections in the order of the page; each returns None where there is no data."""

_WITH_FACES = ("gallery", "failures")


def read_contents(folder: Path, *, pictures: bool = True) -> ReportContents:
    """Read a results folder and build its report.

    Args:
        folder: Output folder of `evaluate -o` or `demo`.
        pictures: Whether faces are shown.

    Raises:
        ReportError: The folder is not a results folder, or a record in it is damaged.
    """
    return compose(gather_results(folder), pictures=pictures)


def compose(results: Results, *, pictures: bool = True) -> ReportContents:
    """Build a report from results.

    Args:
        results: The results.
        pictures: Whether faces are shown.
    """
    made = [one for build in SECTIONS if (one := build(results)) is not None]
    return ReportContents(
        title=summary.title(results),
        created=results.run.created[:10],
        verdict=summary.verdict(results),
        summary=results.trail.summary if results.trail else "",
        notices=summary.notices(results),
        key_numbers=summary.key_numbers(results),
        sections=tuple(one for one in made if pictures or one.name not in _WITH_FACES),
        caveat=summary.caveat(results),
    )
