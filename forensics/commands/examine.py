"""`facetrail examine`: judge files by credential, mark and detector."""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections import Counter
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from ..answers import Answer, JsonObject
from ..arguments import add_detector, add_files, add_home, add_json, add_trust, add_verbose
from ..batch import answer_each, expand
from ..errors import InputError
from ..progress import Report, part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..examining.examination import Examination
    from ..examining.timeline import Timeline

WIDTH = 100


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_files(parser, stdin=True)
    add_trust(parser)
    add_detector(parser)
    parser.add_argument(
        "--timeline",
        type=Path,
        metavar="DIR",
        help="draw scores and mark of every clip over time, one SVG picture each, into this folder",
    )
    add_home(parser)
    add_json(parser)
    add_verbose(parser)
    parser.epilog = (
        "Findings: declared, marked, altered, conflicting, suspect; inconclusive and nothing found vouch for nothing. "
        "Every face is scored, the most suspicious one decides. Of a clip 16 to 276 frames are looked at, evenly and "
        "then again around suspicious places. Exit code 3 says that at least one finding deserves attention, "
        "1 that a file could not be examined."
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, report: Report) -> Answer:
    """Examine every file; one that cannot be read does not stop the others."""
    paths = expand(options.files, sys.stdin)
    if options.timeline is not None:
        _make_folder(options.timeline)

    from watermark import Deployment

    from ..entries import examine_entry
    from ..examining.examination import Examiner
    from ..trust import read_anchors

    report(0.0, "loading the detector")
    examiner = Examiner(Deployment.open(options.home), options.detector, read_anchors(options.trust))
    drawn: set[Path] = set()
    begun = count()

    def one(path: Path) -> Answer:
        number = next(begun)
        found = examiner.examine(path, part(report, number / len(paths), (number + 1) / len(paths)))
        text, entry = describe(path, found), examine_entry(found)
        if options.timeline is not None and found.timeline is not None:
            picture = _draw(found, options.timeline, drawn, examiner.thresholds.suspect)
            text += f"\n  timeline drawn in {picture}"
            entry["timeline_picture"] = str(picture)
        return Answer(text, (entry,), attention=found.verdict.finding.deserves_attention)

    answer = answer_each(paths, one, "examining", report)
    return answer if len(paths) == 1 else replace(answer, text=f"{answer.text}\n\n{summary(answer.results)}".lstrip())


def describe(path: Path, examination: Examination) -> str:
    """Put a verdict, its reasons and the timeline into a block of lines."""
    verdict = examination.verdict
    lines = [_visible(path), f"  {verdict.finding.words}"]
    for reason in verdict.reasons:
        lines += textwrap.wrap(reason, WIDTH, initial_indent="  - ", subsequent_indent="    ", break_on_hyphens=False)
    if examination.timeline is not None:
        lines += timeline_lines(examination.timeline)
    return "\n".join(lines)


def timeline_lines(timeline: Timeline) -> list[str]:
    """Draw the scores of a clip, and its mark where only parts carry it, as lines of blocks."""
    from ..examining.timeline import clock, mark_line, sparkline

    span = f"0:00 to {clock(timeline.seconds)}, {len(timeline.moments)} frames looked at"
    lines = []
    if any(moment.score is not None for moment in timeline.moments):
        lines.append(f"  score {sparkline(timeline)} {span}")
    if any(stretch.present for stretch in timeline.marks):
        lines.append(f"  mark  {mark_line(timeline)}")
    return lines


def summary(results: Sequence[JsonObject]) -> str:
    """Count the findings of many files in one line, those that deserve attention first."""
    from ..examining.verdict import Finding

    found = Counter(str(result.get("finding", "")) for result in results)
    parts = [f"{found[finding]} {finding.words.lower()}" for finding in Finding if found[finding]]
    if found[""]:
        parts.append(f"{found['']} not examined")
    return f"{len(results)} files: {', '.join(parts)}"


def _visible(path: Path) -> str:
    """Escape line breaks and terminal commands in a name, so that it can neither write a finding nor hide one."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in str(path))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise InputError(f"{folder}: is a file; name a folder with --timeline", folder) from None


def _draw(examination: Examination, folder: Path, drawn: set[Path], suspect: float) -> Path:
    """Draw a clip's timeline under a name that no other clip of this run has."""
    from ..examining.timeline_chart import timeline_chart

    assert examination.timeline is not None  # noqa: S101 - the caller has looked
    name, number = examination.path.name, 1
    while (path := folder / (f"{name}.svg" if number == 1 else f"{name}-{number}.svg")) in drawn:
        number += 1
    drawn.add(path)
    path.write_text(timeline_chart(examination.timeline, name, suspect), encoding="utf-8")
    return path
