"""`facetrail train`: train a detector on a corpus, or the generator on puppets."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..answers import Answer, JsonObject
from ..arguments import DEFAULT_DETECTOR, add_json, add_out, add_verbose, positive_int
from ..progress import Report


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    actions = parser.add_subparsers(dest="action", metavar="WHAT", required=True)
    text = "train a detector on the train split of a corpus, with its val split for every choice"
    detector = actions.add_parser("detector", help=text, description=text)
    detector.add_argument("corpus", type=Path, metavar="CORPUS", help="corpus folder")
    add_out(detector, "folder for weights and card")
    detector.add_argument("--config", type=Path, metavar="FILE.toml", help="settings; options given here win")
    detector.add_argument("--detector", metavar="NAME", help=f"which detector (default: {DEFAULT_DETECTOR})")
    detector.add_argument(
        "--diet",
        choices=("forged", "self-blended"),
        help="what it is fed as manipulated: the corpus' forgeries, or self-blends of genuine faces (default: forged)",
    )
    detector.add_argument("--epochs", type=positive_int, metavar="N", help="most passes over the data")
    detector.add_argument("--seed", type=int, metavar="N", help="random seed (default: 0)")
    add_json(detector)
    add_verbose(detector)
    detector.set_defaults(run=train_detector)
    text = "train the generator on puppets drawn on the fly; continues an interrupted run in the same folder"
    generator = actions.add_parser("generator", help=text, description=text)
    add_out(generator, "folder for checkpoints; the weights end up in its folder 'weights'")
    generator.add_argument("--config", type=Path, metavar="FILE.toml", help="settings; options given here win")
    generator.add_argument("--steps", type=positive_int, metavar="N", help="optimiser steps")
    generator.add_argument("--seed", type=int, metavar="N", help="random seed (default: 0)")
    add_json(generator)
    add_verbose(generator)
    generator.set_defaults(run=train_generator)


def train_generator(options: argparse.Namespace, report: Report) -> Answer:
    """Train to the last step, then write weights and card."""
    from dataclasses import replace

    from generator.training import TrainConfig, Trainer

    from ..settings import overlay

    config = TrainConfig() if options.config is None else overlay(options.config, TrainConfig())
    given = {name: value for name in ("steps", "seed") if (value := getattr(options, name)) is not None}
    report(0.0, "fitting the codec")
    trainer = Trainer(options.out, replace(config, **given))
    trainer.run(lambda step, steps, loss: report(step / steps, f"step {step} of {steps}, loss {loss:.3f}"))
    folder = trainer.export(options.out / "weights")
    entry: JsonObject = {"path": str(folder), "steps": trainer.step, "seed": trainer.config.seed}
    return Answer(f"{folder}\n  {trainer.step} steps; use it with: facetrail animate --weights {folder} …", (entry,))


def train_detector(options: argparse.Namespace, report: Report) -> Answer:
    """Train and save."""
    from ..corpus import Corpus
    from ..training import Diet, TrainingRun, read_run, save_trained, train_on, with_options

    corpus = Corpus.load(options.corpus)
    settings = TrainingRun() if options.config is None else read_run(options.config, TrainingRun())
    diet = None if options.diet is None else Diet(options.diet)
    settings = with_options(settings, detector=options.detector, diet=diet, epochs=options.epochs, seed=options.seed)
    detector, log = train_on(corpus, settings, report=report)
    save_trained(detector, log, settings, corpus, options.out)
    entry: JsonObject = {
        "path": str(options.out),
        "detector": settings.detector,
        "diet": settings.diet.value,
        "seed": settings.config.seed,
        "best_epoch": log.best_epoch,
        "validation_auc": log.validation_auc,
        "seconds": log.seconds,
    }
    text = (
        f"{options.out}\n"
        f"  {settings.detector}, fed {settings.diet} samples: {log.n_training} crops, best epoch {log.best_epoch}\n"
        f"  AUC on validation frames {log.validation_auc:.3f}, in {log.seconds:.0f} s"
    )
    return Answer(text, (entry,))
