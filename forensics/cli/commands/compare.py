"""Run `facetrail compare`: measure whether detectors differ significantly on the same videos."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.cli.arguments import add_aggregation, add_json, add_seed, add_verbose, positive_int
from forensics.execution.command_result import CommandResult
from forensics.execution.progress import Report, silent, subrange

if TYPE_CHECKING:
    from forensics.evaluation import Comparison, Power, ScoreTable


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = (
        "Detectors are compared pair by pair on videos that all of them scored, by AUC per video: DeLong's test, a\n"
        "permutation that swaps detectors by groups of identities, a 95 % interval over identities, and Holm's\n"
        "correction where there are more than two. With --seeds, three or more runs of one detector become a mean."
    )
    parser.add_argument(
        "results",
        nargs="+",
        type=Path,
        metavar="RESULTS",
        help="results folder of `facetrail evaluate -o`, the folder of one detector inside, or a CSV of scores",
    )
    parser.add_argument(
        "--seeds",
        action="store_true",
        help="take the results for training seeds of one detector; give mean and standard deviation",
    )
    parser.add_argument(
        "--power",
        type=_difference,
        metavar="D",
        help="say how many videos it takes to see a difference of D in AUC with 80 %% power",
    )
    add_aggregation(parser)
    parser.add_argument(
        "--replicates", type=positive_int, default=2000, metavar="N", help="draws and swaps (default: 2000)"
    )
    add_seed(parser)
    add_json(parser)
    add_verbose(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, report: Report) -> CommandResult:
    """Compare detectors, or combine seeds."""
    if options.seeds:
        return put_seeds_together(options.results)
    from forensics.errors import UsageError
    from forensics.evaluation import Aggregation, compare_all, describe_comparisons, matched, power_of
    from forensics.reporting import compare_entry

    how = Aggregation.named(options.aggregation)
    tables = read_tables(options.results, subrange(report, 0.0, 0.3))
    videos = {name: table.by_video(how) for name, table in tables.items()}
    if len(videos) < 2:
        raise UsageError(f"a comparison wants two detectors, {options.results[0]} holds one; name another")
    found = compare_all(
        videos,
        seed=options.seed,
        replicates=options.replicates,
        permutations=options.replicates,
        report=subrange(report, 0.3, 0.5 if options.power is not None else 1.0),
    )
    powers: list[Power | None] = [None] * len(found)
    if options.power is not None:
        for number, one in enumerate(found):
            report(0.5 + 0.5 * number / len(found), "extrapolating")
            first = videos[one.first]
            second = matched(one.first, first, one.second, videos[one.second])
            powers[number] = power_of(first, second, options.power, seed=options.seed, replicates=options.replicates)
    text = [describe_comparisons(found), *_sentences(found, powers)]
    return CommandResult("\n".join(text), tuple(compare_entry(*pair) for pair in zip(found, powers, strict=True)))


def put_seeds_together(paths: list[Path]) -> CommandResult:
    """Return mean and standard deviation over the runs of several seeds."""
    from forensics.errors import UsageError
    from forensics.evaluation import columns, over_seeds, read_report
    from forensics.reporting import evaluate_entry

    if tables := [str(path) for path in paths if path.suffix.lower() == ".csv"]:
        raise UsageError(f"--seeds wants a results folder for each seed, and {tables[0]} is a file of scores")
    reports = [read_report(path) for path in paths]
    together = over_seeds(reports, f"{reports[0].detector} over {len(reports)} seeds")
    rows = [("measure", "slice", "mean", "95 % interval of the mean", "spread")]
    for measure in together.measures:
        if measure.distortion == "none" and measure.slice == "all":
            interval = f"{measure.low:.3f} to {measure.high:.3f}"
            rows.append((measure.name, measure.slice, f"{measure.value:.3f}", interval, measure.note))
    return CommandResult(f"{together.detector} on {together.corpus}\n{columns(rows)}", (evaluate_entry(together),))


def read_tables(paths: list[Path], report: Report = silent) -> dict[str, ScoreTable]:
    """Read the scores of every named detector, one row per frame, by a unique name.

    Args:
        paths: Results folders, folders of detectors or files of scores.
        report: Progress callback.

    Raises:
        ScoresError: A path has no results, or one detector is named twice.
    """
    from forensics.evaluation import RUN_NAME, SCORES_NAME, ScoresError, folder_of, read_run, short_names
    from forensics.evaluation.external_scores import read_foreign

    files: list[Path] = []
    for path in paths:
        if (path / RUN_NAME).is_file():
            files += [path / folder_of(name) / SCORES_NAME for name in read_run(path).detectors]
        elif path.is_dir():
            files.append(path / SCORES_NAME)
        else:
            files.append(path)
    for file in files:
        if not file.is_file():
            raise ScoresError(
                f"{file} is missing; name a results folder of `facetrail evaluate -o`, a detector's folder inside, or "
                "a CSV of scores",
                file,
            )
    names = short_names([str(file.parent if file.name == SCORES_NAME else file.with_suffix("")) for file in files])
    steps = [subrange(report, number / len(files), (number + 1) / len(files)) for number in range(len(files))]
    read = zip(names, files, steps, strict=True)
    return {name: read_foreign(file, report=step)[0].table for name, file, step in read}


def _sentences(found: tuple[Comparison, ...], powers: list[Power | None]) -> list[str]:
    return [
        f"{one.first} : {one.second}. {power}" for one, power in zip(found, powers, strict=True) if power is not None
    ]


def _difference(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 0.5:
        raise argparse.ArgumentTypeError(f"{text} is not a difference of AUC, above 0 and at most 0.5")
    return value
