"""Run `facetrail examine`: judge files by credential, mark and detector."""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.cli.arguments import (
    add_detector,
    add_files,
    add_home,
    add_json,
    add_limits,
    add_trust,
    add_verbose,
    add_workers,
    worker_config_of,
)
from forensics.cli.face_finder_option import add_face_finder
from forensics.cli.input_files import answer_one, expand, join_answers
from forensics.errors import InputError
from forensics.execution.command_result import CommandResult, JsonObject, visible
from forensics.execution.progress import Report
from forensics.execution.workers import Work, open_pool
from forensics.faces import FinderChoice

if TYPE_CHECKING:
    from forensics.examination.examiner import Examination
    from forensics.examination.timeline import Timeline
    from forensics.execution.sandbox import FileHandler, Limits

WIDTH = 100
_SECTION = "_section"
"""Key under which an entry carries its part of the page until the page is written."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_files(parser, stdin=True)
    add_trust(parser)
    add_detector(parser, by_picture=True)
    add_face_finder(parser)
    parser.add_argument(
        "--timeline",
        type=Path,
        metavar="DIR",
        help="draw scores and mark of every clip over time, one SVG picture each, into this folder",
    )
    parser.add_argument(
        "--html",
        type=Path,
        metavar="OUT",
        help="write one page for people: pictures with the faces, what spoke for the answers, credential, mark, limits",
    )
    parser.add_argument("--force", action="store_true", help="replace a page that is there already")
    add_limits(parser)
    add_workers(parser, default="one, on all its threads")
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


def run(options: argparse.Namespace, report: Report) -> CommandResult:
    """Examine every file; a file that cannot be read does not stop the others."""
    paths = expand(options.files, sys.stdin)
    if options.timeline is not None:
        _make_folder(options.timeline)
    if options.html is not None:
        _check_page(options.html, paths, replace_it=options.force)

    from forensics.cli.trust_anchors import read_anchors
    from forensics.execution.sandbox import Limits

    report(0.0, "loading the detector")
    pictures = None if options.timeline is None else _pictures(paths, options.timeline)
    prepare = partial(
        examiner,
        options.home,
        options.detector,
        read_anchors(options.trust),
        pictures,
        options.face_finder,
        for_page=options.html is not None,
    )
    limits = Limits(options.seconds, options.memory, options.verbose)
    with open_pool(worker_config_of(options), partial(examining, prepare, limits)) as pool:

        def answers() -> Iterator[CommandResult]:
            for place, answer in pool.work(paths, report=report):
                report((place + 1) / len(paths), f"examining {visible(paths[place].name)}")
                yield answer

        answer = join_answers(answers())
    if options.html is not None:
        answer = _with_page(answer, options.html)
    return answer if len(paths) == 1 else replace(answer, text=f"{answer.text}\n\n{summary(answer.results)}".lstrip())


@contextmanager
def examining(prepare: Callable[[], FileHandler], limits: Limits) -> Iterator[Work[Path, CommandResult]]:
    """Open untrusted files in a separate process, which ends with the block.

    Args:
        prepare: Function that prepares the handler there.
        limits: The limits of one file.
    """
    from forensics.execution.sandbox import confined

    with confined(prepare, limits) as handler:

        def one(path: Path, report: Report) -> CommandResult:
            report(0.0, f"examining {visible(path.name)}")
            return answer_one(path, lambda path: handler(path, report))

        yield one


def examiner(
    home: Path | None,
    detector: str | None,
    trust: tuple[str, ...],
    pictures: dict[Path, Path] | None,
    face_finder: FinderChoice,
    *,
    for_page: bool = False,
) -> FileHandler:
    """Load the detector and return the handler that examines one file.

    Args:
        home: The deployment's folder; None for the user's own.
        detector: Name of a shipped detector, or the folder of a trained one; None chooses by the picture.
        trust: Root certificates (PEM) whose signers are trusted in addition to the deployment's.
        pictures: Path of the picture of each file's timeline, if it has one; None draws none.
        face_finder: The choice of a face finder.
        for_page: Whether each entry gets its section of the page, under the key `_section`.
    """
    from forensics.examination.examiner import Examiner
    from forensics.reporting import examine_entry
    from watermark import Deployment

    examiner = Examiner(Deployment.open(home), detector, trust, face_finder)

    def one(path: Path, report: Report) -> CommandResult:
        found = examiner.examine(path, report)
        text, entry = describe(path, found, answer_lines(found)), examine_entry(found)
        if pictures is not None and found.timeline is not None:
            from forensics.examination.timeline_chart import timeline_chart

            chart = timeline_chart(found.timeline, path.name, found.thresholds.suspect)
            pictures[path].write_text(chart, encoding="utf-8")
            text += f"\n  timeline drawn in {visible(str(pictures[path]))}"
            entry["timeline_picture"] = str(pictures[path])
        if for_page:
            from forensics.web.sheet.page import section_of

            entry[_SECTION] = section_of(path, found, examiner.detector_of(found))
        return CommandResult(text, (entry,), attention=found.verdict.finding.deserves_attention)

    return one


def describe(path: Path, examination: Examination, answer: Sequence[str] = ()) -> str:
    """Return a verdict, its reasons and the timeline as lines of text.

    Args:
        path: The file.
        examination: Its examination.
        answer: What the detector's scores allow to say, one sentence or more for each line; it stands first.
    """
    verdict = examination.verdict
    lines = [visible(str(path)), f"  {verdict.finding.words}"]
    for sentence in map(visible, answer):
        lines += textwrap.wrap(sentence, WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
    for reason in map(visible, verdict.reasons):
        lines += textwrap.wrap(reason, WIDTH, initial_indent="  - ", subsequent_indent="    ", break_on_hyphens=False)
    if examination.timeline is not None:
        lines += timeline_lines(examination.timeline)
    return "\n".join(lines)


def answer_lines(examination: Examination) -> list[str]:
    """Return the answer about a file, and where it shows several faces, about each of them."""
    from forensics.examination.answer import says_of

    lines = [] if examination.answer is None else [examination.answer.sentence]
    if len(examination.faces) > 1:
        for face in examination.faces:
            left, top, right, bottom = (round(side) for side in face.sightings[0].box)
            says = says_of(face.score, examination.thresholds)
            lines.append(f"Face {face.number}, at {left}, {top} to {right}, {bottom}: {says}.")
    return lines


def timeline_lines(timeline: Timeline) -> list[str]:
    """Return the scores of a clip, the segments with high ones, and its mark where it has one, as lines of blocks."""
    from forensics.examination.timeline import clock, mark_line, segment_line, spans_in_words, sparkline

    span = f"0:00 to {clock(timeline.seconds)}, {len(timeline.moments)} frames looked at"
    lines = []
    if any(moment.score is not None for moment in timeline.moments):
        lines.append(f"  score {sparkline(timeline)} {span}")
    if timeline.segments:
        when = spans_in_words([(one.start, one.end) for one in timeline.segments])
        lines.append(f"  high  {segment_line(timeline)} {when}")
    if any(stretch.present for stretch in timeline.marks):
        lines.append(f"  mark  {mark_line(timeline)}")
    return lines


def summary(results: Sequence[JsonObject]) -> str:
    """Return one line that counts the findings of many files, those that deserve attention first."""
    from forensics.examination.verdict import Finding

    found = Counter(str(result.get("finding", "")) for result in results)
    parts = [f"{found[finding]} {finding.words.lower()}" for finding in Finding if found[finding]]
    if found[""]:
        parts.append(f"{found['']} not examined")
    return f"{len(results)} files: {', '.join(parts)}"


def _check_page(out: Path, paths: Sequence[Path], *, replace_it: bool) -> None:
    """Check that a page replaces no examined file, and no other file unless that is wanted."""
    if out.is_dir():
        raise InputError(f"{out}: is a folder; name the page's file with --html", out)
    if any(out.resolve() == path.resolve() for path in paths):
        raise InputError(f"{out}: is one of the files to examine; choose another name with --html", out)
    if out.exists() and not replace_it:
        raise InputError(f"{out}: is there already; choose another name, or replace it with --force", out)


def _with_page(answer: CommandResult, out: Path) -> CommandResult:
    """Write the page, and return the answer without the page's sections."""
    import datetime as dt

    from forensics.storage.files import write_whole
    from forensics.web.sheet.page import page_of

    sections = [str(entry[_SECTION]) for entry in answer.results if _SECTION in entry]
    failures = [_failure(entry) for entry in answer.results if _SECTION not in entry]
    page = page_of(sections, failures, dt.datetime.now(dt.UTC))
    write_whole(out, lambda part: part.write_text(page, encoding="utf-8"))
    entries = tuple({key: value for key, value in entry.items() if key != _SECTION} for entry in answer.results)
    text = f"{answer.text}\n\npage for people: {visible(str(out))}".lstrip()
    return replace(answer, results=entries, text=text)


def _failure(entry: JsonObject) -> str:
    error = entry.get("error")
    return str(error.get("message")) if isinstance(error, dict) else "a file could not be examined"


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise InputError(f"{folder}: is a file; name a folder with --timeline", folder) from None


def _pictures(paths: Sequence[Path], folder: Path) -> dict[Path, Path]:
    """Return a picture path for each file, named after the file, and numbered where another file has that name."""
    pictures: dict[Path, Path] = {}
    taken: Counter[str] = Counter()
    for path in dict.fromkeys(paths):
        taken[path.name] += 1
        number = taken[path.name]
        pictures[path] = folder / (f"{path.name}.svg" if number == 1 else f"{path.name}-{number}.svg")
    return pictures
