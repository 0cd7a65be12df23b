"""Run `facetrail corpus synthesize`: make a corpus of avatars, or of a user's own pictures and clips."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.cli.arguments import (
    add_home,
    add_out,
    add_seed,
    add_workers,
    names,
    non_negative_int,
    positive_int,
    worker_config_of,
)
from forensics.errors import UsageError
from forensics.execution.command_result import CommandResult, JsonObject
from forensics.execution.progress import Report
from forensics.synthesis.methods import GENERATED, GENERATORS, METHODS, OWN_METHODS

from .corpus_description import describe

if TYPE_CHECKING:
    from forensics.synthesis.own.making import OwnCorpus

    Actions = argparse._SubParsersAction[argparse.ArgumentParser]

_OWN = ("drives", "people", "may_use", "copy", "size", "pairs")


def configure(actions: Actions) -> argparse.ArgumentParser:
    """Declare the arguments."""
    text = "make a corpus of avatars, with forgeries by the generator and a control slice; continues where it stopped"
    synthesize = actions.add_parser("synthesize", help=text, description=text)
    add_out(synthesize, "corpus folder")
    for name, default, what in (
        ("identities", 24, "avatars"),
        ("clips", 2, "genuine clips of each avatar, and forged clips with each avatar as source"),
        ("frames", 16, "frames of a clip"),
    ):
        synthesize.add_argument(
            f"--{name}", type=positive_int, default=default, metavar="N", help=f"{what} (default: {default})"
        )
    synthesize.add_argument(
        "--stills", type=non_negative_int, default=1, metavar="N", help="the same of single pictures (default: 1)"
    )
    synthesize.add_argument(
        "--test-styles",
        type=names,
        default=(),
        metavar="A,B,…",
        help="drawing styles that the test split alone shows (default: every split shows all)",
    )
    synthesize.add_argument(
        "--methods",
        type=names,
        metavar="A,B,…",
        help=f"forgeries to make (default: {GENERATED} of avatars, all of own files), of avatars: "
        + ", ".join(method.name for method in METHODS)
        + "; of own files: "
        + ", ".join(OWN_METHODS),
    )
    synthesize.add_argument(
        "--generator",
        choices=GENERATORS,
        default=GENERATORS[0],
        help=f"preset that moves the stills (default: {GENERATORS[0]})",
    )
    add_workers(synthesize, default="this one, on all its threads")
    synthesize.add_argument(
        "--steps", type=positive_int, metavar="N", help="denoising steps of --generator mini (default: its own)"
    )
    add_seed(synthesize)
    add_home(synthesize)
    _add_own(synthesize)
    synthesize.set_defaults(run=run_synthesize)
    return synthesize


def _add_own(synthesize: argparse.ArgumentParser) -> None:
    own = synthesize.add_argument_group("own pictures and clips, in place of avatars")
    own.add_argument("--sources", type=Path, metavar="DIR", help="folder of pictures or clips whose looks are taken")
    own.add_argument("--drives", type=Path, metavar="DIR", help="folder of clips whose motions are followed")
    own.add_argument(
        "--people",
        type=Path,
        metavar="FILE.csv",
        help="who is seen: columns file,person (default: folder or file name)",
    )
    own.add_argument(
        "--may-use",
        metavar="STATEMENT",
        help="your statement that photographs of people may be used; credentials keep it",
    )
    own.add_argument(
        "--copy", action="store_true", help="copy the genuine files into the corpus (default: refer to them)"
    )
    own.add_argument(
        "--pairs", type=positive_int, metavar="N", help="drives of other people for each source and method (default: 1)"
    )
    own.add_argument(
        "--size", type=positive_int, metavar="N", help="longest side of forged pictures, pixels (default: 384)"
    )


def run_synthesize(options: argparse.Namespace, report: Report) -> CommandResult:
    """Build a corpus of avatars, or of own files."""
    if options.sources is not None:
        return _run_own(options, report)
    given = [name for name in _OWN if getattr(options, name) not in (None, False)]
    if given:
        raise UsageError(f"--{given[0].replace('_', '-')} is for own files; name their folder with --sources DIR")
    from forensics.synthesis.generator_forger import open_forger
    from forensics.synthesis.plan import SynthesisConfig
    from forensics.synthesis.synthesize import synthesize
    from watermark import Deployment

    config = SynthesisConfig(
        seed=options.seed,
        identities=options.identities,
        clips=options.clips,
        stills=options.stills,
        frames=options.frames,
        steps=options.steps,
        methods=options.methods or (GENERATED,),
        test_styles=options.test_styles,
    )
    deployment = Deployment.open(options.home)
    forger = open_forger(deployment, options.generator, options.steps)
    return describe(
        synthesize(options.out, config, forger, deployment, report, worker_config=worker_config_of(options))
    )


def _run_own(options: argparse.Namespace, report: Report) -> CommandResult:
    """Forge a user's own files."""
    from forensics.synthesis.generator_forger import open_forger
    from forensics.synthesis.own.inventory import list_files
    from forensics.synthesis.own.making import OwnConfig, synthesize_own
    from forensics.synthesis.own.reading import Limits
    from watermark import Deployment

    if options.drives is None:
        raise UsageError("own files need --drives DIR too, a folder of clips; it may be the folder of --sources")
    if options.test_styles:
        raise UsageError("--test-styles is for avatars; leave it out with --sources")
    files = list_files(options.sources, options.drives, options.people)
    config = OwnConfig(
        methods=options.methods or tuple(OWN_METHODS),
        pairs=options.pairs or 1,
        seed=options.seed,
        limits=Limits(options.frames, options.size or 384),
        copied=options.copy,
    )
    deployment = Deployment.open(options.home)
    done = synthesize_own(
        options.out,
        files,
        config,
        open_forger(deployment, options.generator, options.steps),
        deployment,
        lambda photographs: options.may_use or _ask(photographs),
        report,
        worker_config=worker_config_of(options),
    )
    return describe_own(done)


def describe_own(done: OwnCorpus) -> CommandResult:
    """Return the counts of a corpus of own files, and what happened to each file."""
    counts = {
        name: sum(line.happened == name for line in done.lines)
        for name in ("genuine", "made", "refused", "missing", "failed")
    }
    answer = describe(done.corpus)
    lines = [answer.text, "  " + ", ".join(f"{number} {name}" for name, number in counts.items())]
    lines += [f"  {one.file}: {one.method or 'file'} {one.happened}: {one.why}" for one in done.lines if one.why]
    told: list[JsonObject] = [
        {"file": one.file, "method": one.method, "happened": one.happened, "why": one.why}
        for one in done.lines
        if one.why
    ]
    entry: JsonObject = {
        **answer.results[0],
        "receipt": str(done.corpus.root / "receipt.csv"),
        "happened": {**counts},
        "left_out": [*told],
    }
    return CommandResult("\n".join(lines), (entry,))


def _ask(photographs: int) -> str:
    """Ask at a terminal for the statement that photographs may be used.

    Raises:
        UsageError: Nobody can be asked, or the answer is empty.
    """
    seen = f"{photographs} of the files look like photographs of people"
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f'{seen}; state with --may-use "..." why you may use them, the credentials will keep it')
    sys.stderr.write(f"{seen}. Why may you use them? The credentials keep your answer: ")
    sys.stderr.flush()
    said = sys.stdin.readline().strip()
    if not said:
        raise UsageError(f"{seen}, and without a statement nothing is forged")
    return said
