"""Build the section on how to reproduce and cite the numbers."""

from __future__ import annotations

from forensics.reporting.blocks import Bars, Facts, Listing, Section, section
from forensics.reporting.gather import Results
from forensics.reporting.words import number


def reproduction(results: Results) -> Section | None:
    """Build the lists of commands, protocol, time and versions, and a reference."""
    run, trail = results.run, results.trail
    commands = [trail.command if trail else run.command, f"facetrail report {results.folder.name or '.'}"]
    version = dict(run.environment).get("facetrail", "")
    pairs = [
        ("corpus", run.corpus),
        ("corpus digest", run.corpus_digest),
        ("protocol", run.protocol),
        ("seed", str(run.seed)),
        *run.environment,
    ]
    protocol = [
        pair
        for one in results.detectors
        for pair in (
            (f"{one.title}: threshold", _threshold(one.report.threshold, one.report.threshold_origin)),
            (f"{one.title}: score of a video", one.report.aggregation),
            (f"{one.title}: digest", one.report.detector_digest[:16]),
        )
    ]
    return section(
        "reproduction",
        "Do it again",
        "The commands, and everything the numbers depend on. Same seed, same machine: the same numbers.",
        [
            Listing("Commands", "\n".join(dict.fromkeys(command for command in commands if command))),
            Facts("Protocol", tuple(pair for pair in protocol if pair[1])),
            _times(results),
            Facts("Environment", tuple(pair for pair in pairs if pair[1])),
            Listing("How to cite", reference(run.corpus, run.created, version)),
        ],
    )


def reference(corpus: str, created: str, version: str) -> str:
    """Return a BibTeX entry of the software and the evaluation."""
    year = created[:4]
    name = f"facetrail {version}".strip()
    return (
        f"@software{{facetrail{year},\n"
        f"  title = {{facetrail: make, detect and trace manipulated faces}},\n"
        f"  version = {{{version or 'unknown'}}},\n"
        f"  year = {{{year}}},\n"
        f"  note = {{Evaluated with {name} on the corpus {corpus}, {created[:10]}}}\n"
        f"}}"
    )


def _threshold(value: float | None, origin: str) -> str:
    if value is None:
        return origin
    return f"{number(value, 4)}, {origin}" if origin else number(value, 4)


def _times(results: Results) -> Bars | None:
    stages = results.trail.stages if results.trail else ()
    longest = max((stage.seconds for stage in stages), default=0.0) or 1.0
    if not stages:
        return None
    rows = tuple(
        (stage.name, round(100 * stage.seconds / longest, 1), f"{number(stage.seconds, 1)} s") for stage in stages
    )
    return Bars(f"Time, {number(sum(stage.seconds for stage in stages), 0)} s in all", rows)
