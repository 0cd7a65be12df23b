"""Run `facetrail demo`: the whole pipeline with embedded defaults, and its report."""

from __future__ import annotations

import argparse
from pathlib import Path

from forensics.cli.arguments import add_home, add_json, add_seed, add_verbose
from forensics.execution.command_result import CommandResult, JsonObject
from forensics.execution.progress import Report


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "-o", "--out", type=Path, default=Path("demo-out"), metavar="DIR", help="results folder (default: demo-out)"
    )
    add_seed(parser)
    add_home(parser)
    add_json(parser)
    add_verbose(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace, report: Report) -> CommandResult:
    """Run every stage and report the path of the page."""
    from forensics.demo.pipeline import demo_config, run_demo
    from forensics.synthesis.generator_forger import open_forger
    from watermark import Deployment

    config = demo_config(options.seed)
    deployment = Deployment.open(options.home)
    forger = open_forger(deployment)
    walked = run_demo(options.out, config, forger, deployment, report)
    stages, contents = walked.trail.stages, walked.written.contents
    times = "\n".join(f"  {stage.name:<28}{stage.seconds:7.1f} s" for stage in stages)
    total = sum(stage.seconds for stage in stages)
    numbers = "\n".join(f"  {key.label:<28}{key.value:>9}  {key.note}" for key in contents.key_numbers)
    text = f"{contents.verdict}\n\n{numbers}\n\n{times}\n  {'total':<28}{total:7.1f} s\n\nOpen {walked.written.page}"
    entry: JsonObject = {
        "path": str(walked.written.page),
        "card": str(walked.written.card),
        "seed": options.seed,
        "seconds": {stage.name: stage.seconds for stage in stages},
    }
    return CommandResult(text, (entry,))
