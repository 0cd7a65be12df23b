"""Run `facetrail train`: train a detector on a corpus, or the generator on avatars or videos."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.cli.arguments import DEFAULT_DETECTOR, add_json, add_out, add_verbose, names, positive_int
from forensics.cli.face_finder_option import add_face_finder
from forensics.errors import UsageError
from forensics.execution.command_result import CommandResult, JsonObject
from forensics.execution.progress import Report, silent

if TYPE_CHECKING:
    from generator.training import TrainConfig, TrainingData


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="WHAT", required=True)
    text = "train a detector on the train split of a corpus, with its val split for every choice"
    detector = actions.add_parser("detector", help=text, description=text)
    detector.add_argument("corpus", type=Path, metavar="CORPUS", help="corpus folder")
    add_out(detector, "folder for weights and card")
    detector.add_argument("--config", type=Path, metavar="FILE.toml", help="settings; options given here win")
    detector.add_argument("--detector", metavar="NAME", help=f"which detector (default: {DEFAULT_DETECTOR})")
    sources = ("forged", "self-blended")
    detector.add_argument(
        "--training-source",
        choices=sources,
        help="what it learns from as manipulated: the corpus' forgeries, or self-blends of genuine faces "
        "(default: forged)",
    )
    detector.add_argument("--diet", dest="training_source", choices=sources, help=argparse.SUPPRESS)  # its older name
    detector.add_argument(
        "--pretrained",
        nargs="?",
        const=True,
        type=Path,
        metavar="FILE",
        help="start the backbone from timm weights in a .safetensors file; without FILE from the Hugging Face cache",
    )
    detector.add_argument(
        "--methods",
        type=names,
        metavar="A,B,…",
        help="forgeries to learn from, each equally often; names in the corpus, or patterns such as 'anifacediff*' "
        "(default: all)",
    )
    detector.add_argument(
        "--hold-out",
        type=names,
        metavar="A,B,…",
        help="forgeries to keep from it; `evaluate` then shows seen and held-out ones apart",
    )
    detector.add_argument(
        "--leave-one-out",
        action="store_true",
        help="train one detector for each forgery, without that one, and measure each on the test split",
    )
    detector.add_argument(
        "--from",
        dest="start",
        type=Path,
        metavar="DIR",
        help="a trained detector that is to learn more; name the forgeries it knows in --methods too, lest it forget",
    )
    add_face_finder(detector)
    detector.add_argument("--epochs", type=positive_int, metavar="N", help="most passes over the data")
    detector.add_argument("--seed", type=int, metavar="N", help="random seed (default: 0)")
    add_json(detector)
    add_verbose(detector)
    detector.set_defaults(run=train_detector)
    text = "train the generator; continues an interrupted run in the same folder, and runs under accelerate launch"
    generator = actions.add_parser("generator", help=text, description=text)
    add_out(generator, "folder for checkpoints and log; the weights end up in its folder 'weights'")
    _configure_generator(generator)
    add_json(generator)
    add_verbose(generator)
    generator.set_defaults(run=train_generator)


def _configure_generator(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--preset", choices=("mini", "sd15"), default="mini", help="which model (default: mini)")
    parser.add_argument(
        "--stage", type=int, choices=(1, 2), default=1, help="1 trains on stills, 2 the temporal modules (default: 1)"
    )
    parser.add_argument("--config", type=Path, metavar="FILE.toml", help="settings; options given here win")
    parser.add_argument(
        "--data", default="avatars", metavar="FOLDER", help="folder of videos, or 'avatars' (default: avatars)"
    )
    parser.add_argument("--base", type=Path, metavar="DIR", help="model folder to start from; sd15 needs one")
    parser.add_argument(
        "--cache",
        type=Path,
        metavar="DIR",
        help="folder of tracked parameters of videos and of avatars' scenes (default: the user's cache)",
    )
    parser.add_argument("--steps", type=positive_int, metavar="N", help="optimiser steps")
    parser.add_argument(
        "--minutes", type=positive_int, metavar="N", help="stop after so many minutes; the same command continues"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="random seed (default: 0)")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where (default: auto)")


def train_generator(options: argparse.Namespace, report: Report) -> CommandResult:
    """Train to the last step, or as long as was asked for; then write weights and card."""
    import time

    from generator.training import Trainer, rank

    process, _ = rank()
    until = None if options.minutes is None else time.monotonic() + 60 * options.minutes
    report = report if process == 0 else silent
    config = _settings(options)
    data = _data(options, config, report)
    report(0.0, "preparing the model")
    trainer = Trainer(options.out, config, data, base=options.base, device=options.device)
    start = trainer.step
    known = f"continued from step {start}, " if start else ""

    def progress(step: int, steps: int, loss: float) -> None:
        # Only what this start adds counts, so that the time left is that of this start's pace.
        report((step - start) / max(steps - start, 1), f"{known}step {step} of {steps}, loss {loss:.3f}")

    trainer.run(progress, until)
    folder = trainer.export(options.out / "weights")
    if process:
        return CommandResult("")
    position = trainer.position
    left = config.steps - position.step
    entry: JsonObject = {
        "path": str(folder),
        "steps": position.step,
        "continued_from": start,
        "seed": trainer.config.seed,
        "hours": round(position.seconds / 3600, 3),
        "metrics": {name: dict(values) for name, values in position.metrics.items()},
    }
    lines = [str(folder), f"  {known}{position.step} steps in all, {position.seconds / 3600:.2f} hours"]
    if coverage := data.card.get("coverage"):
        lines.append("  videos: " + ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in coverage.items()))
    for name, metrics in position.metrics.items():
        measured = ", ".join(f"{metric} {value:.2f}" for metric, value in metrics.items())
        lines.append(f"  held-out {name}: {measured}")
    if left:
        lines.append(f"  {left} steps are left; the same command continues")
    if config.stage == 2 or options.preset == "mini":
        lines.append(f"  use it with: facetrail animate --weights {folder} …")
    else:
        lines.append(f"  next: facetrail train generator --preset sd15 --stage 2 --base {folder} …")
    return CommandResult("\n".join(lines), (entry,))


def _settings(options: argparse.Namespace) -> TrainConfig:
    """Return the preset's recipe with the file's and the options' values, in the sizes of the base."""
    from dataclasses import replace

    from forensics.storage.toml_settings import overlay
    from generator.training import recipe, with_base

    config = recipe(options.preset, options.stage)
    if options.config is not None:
        config = overlay(options.config, config)
    if config.stage != options.stage:
        raise UsageError(f"{options.config} is for stage {config.stage}; give --stage {config.stage} with it")
    if options.preset == "sd15" and options.base is None:
        raise UsageError("sd15 starts from a model folder; make one with `facetrail models import` and give --base")
    given = {name: value for name in ("steps", "seed") if (value := getattr(options, name)) is not None}
    return with_base(replace(config, **given), options.base)


def _data(options: argparse.Namespace, config: TrainConfig, report: Report) -> TrainingData:
    """Return the training data; videos that were not tracked before are tracked first."""
    from generator.training import AVATARS, default_cache, open_avatars, open_videos, rank

    cache = options.cache or default_cache()
    if options.data == AVATARS:

        def drawn(done: int, total: int) -> None:
            report(done / total, f"drawing avatar {done} of {total}, kept in {cache}")

        return open_avatars(config, cache, drawn, max(1, config.data.workers))

    def progress(done: int, total: int) -> None:
        report(done / total, f"tracking the videos, kept in {cache}")

    return open_videos(Path(options.data), config, cache, progress, *rank())


def train_detector(options: argparse.Namespace, report: Report) -> CommandResult:
    """Train a detector and save it."""
    from detectors import TrainingSource
    from forensics.corpus import Corpus
    from forensics.faces import finder_for
    from forensics.training.data import check_splits
    from forensics.training.run_settings import TrainingRun, read_run, with_options
    from forensics.training.train import save_trained, train_on, unfinished

    corpus = Corpus.load(options.corpus)
    settings = TrainingRun() if options.config is None else read_run(options.config, TrainingRun())
    source = None if options.training_source is None else TrainingSource(options.training_source)
    settings = with_options(
        settings,
        detector=options.detector,
        training_source=source,
        epochs=options.epochs,
        seed=options.seed,
        pretrained=options.pretrained,
        methods=options.methods,
        start=options.start,
        hold_out=options.hold_out,
    )
    check_splits(corpus, settings)
    if options.leave_one_out:
        from .train_leave_one_out import leave_one_out

        return leave_one_out(corpus, settings, options, report)
    finder = finder_for(corpus, options.face_finder)
    with unfinished(options.out, corpus, settings, finder) as checkpoint:
        detector, log = train_on(corpus, settings, finder=finder, report=report, checkpoint=checkpoint)
        save_trained(detector, log, settings, corpus, options.out, finder)
    entry: JsonObject = {
        "path": str(options.out),
        "detector": settings.detector,
        "diet": settings.training_source.value,
        "seed": settings.config.seed,
        "best_epoch": log.best_epoch,
        "validation_auc": log.validation_auc,
        "seconds": log.seconds,
    }
    text = (
        f"{options.out}\n"
        f"  {settings.detector}, training source {settings.training_source}: {log.n_training} crops, "
        f"best epoch {log.best_epoch}\n"
        f"  AUC on validation frames {log.validation_auc:.3f}, in {log.seconds:.0f} s"
    )
    return CommandResult(text, (entry,))
