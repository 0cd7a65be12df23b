"""`facetrail examine`: judge files by credential, mark and detector."""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from ..answers import Answer
from ..arguments import add_detector, add_files, add_home, add_json, add_trust, add_verbose
from ..batch import answer_each, expand
from ..progress import Report

if TYPE_CHECKING:
    from ..examination import Examination


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_files(parser)
    add_trust(parser)
    add_detector(parser)
    add_home(parser)
    add_json(parser)
    add_verbose(parser)
    parser.epilog = "Exit code 3 says that at least one finding deserves attention."
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, report: Report) -> Answer:
    """Examine every file; one that cannot be read does not stop the others."""
    paths = expand(options.files)

    from watermark import Deployment

    from ..entries import examine_entry
    from ..examination import Examiner
    from ..trust import read_anchors

    report(0.0, "loading the detector")
    examiner = Examiner(Deployment.open(options.home), options.detector, read_anchors(options.trust))

    def one(path: Path) -> Answer:
        found = examiner.examine(path)
        entry = examine_entry(found.provenance, found.score, found.verdict)
        return Answer(describe(path, found), (entry,), attention=found.verdict.finding.deserves_attention)

    return answer_each(paths, one, "examining", report)


def describe(path: Path, examination: Examination) -> str:
    """Put a verdict and its reasons into a block of lines."""
    verdict = examination.verdict
    lines = [f"{path}", f"  {verdict.finding.replace('_', ' ').upper()}"]
    for reason in verdict.reasons:
        lines += textwrap.wrap(reason, 100, initial_indent="  - ", subsequent_indent="    ", break_on_hyphens=False)
    return "\n".join(lines)
