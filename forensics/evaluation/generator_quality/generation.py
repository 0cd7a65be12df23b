"""Measure a generator against exact truth, on puppets that it never saw."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from forensics.evaluation.errors import EvaluationError
from forensics.evaluation.measures.reports import EvalReport, EvalRun
from forensics.evaluation.measures.results_folder import folder_of, write_report, write_run
from forensics.evaluation.protocol.read_journal import now
from forensics.execution.environment import PACKAGES, installed_version, machine
from generator import AnimateConfig, Animator, read_sizes
from generator.network.weights_io import load_pretrained
from generator.puppets import STYLES, Style
from watermark import Deployment

from .cases import COPY, LONGEST, TRUTH, WARP, baselines, draw_truth, sample_case
from .differences import differences_of
from .judge import Judge
from .measuring import Collected, collect, flows_of, measures_of

SHIPPED = "mini"

EVALUATION_SEED = 9001
"""Seed of the puppets; neither the shipped generator nor the judge was trained with it."""

_MARK_KEY = bytes(range(32))
"""A public key: measured frames are not kept, and a new key would change the generator's rows from run to run."""

Note = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """The settings of a measurement.

    Attributes:
        clips: Number of identities, each with one clip.
        moving: Consecutive moments of motion in each clip.
        styles: Styles of the sources, in turn; empty for all.
        seed: Seed of puppets, motions and bootstrap.

    Raises:
        EvaluationError: There is no clip, or a clip has too few or too many moments.
    """

    clips: int = 30
    moving: int = 8
    styles: tuple[Style, ...] = ()
    seed: int = EVALUATION_SEED

    def __post_init__(self) -> None:
        """Check the settings."""
        if self.clips < 1 or not 2 <= self.moving <= LONGEST:
            raise EvaluationError(
                f"{self.clips} clips of {self.moving} moments: at least one clip of 2 to {LONGEST} is measured"
            )


def find_styles(names: Sequence[str]) -> tuple[Style, ...]:
    """Return the styles of given names.

    Raises:
        EvaluationError: There is no such style.
    """
    for name in names:
        if name not in STYLES:
            raise EvaluationError(f"no puppet style is called {name!r}; there are {', '.join(STYLES)}")
    return tuple(style for style in STYLES if style in names)


def measure_generator(name: str, plan: Plan, note: Note = lambda *_: None) -> tuple[EvalReport, ...]:
    """Measure a generator: animate unseen puppets by others' motions, and compare every frame with the true one.

    The generator's frames carry a mark, as all its output does. The baselines carry no mark, which favours them.

    Args:
        name: `mini`, or a folder of weights that draw puppet heads.
        plan: Settings of the measurement.
        note: Progress callback.

    Returns:
        Reports of the generator, of the baselines and of the true frames, in this order. The first report also contains
        the generator's gains over the baselines, the last one the judge's own error.

    Raises:
        EvaluationError: The weights draw another face model, or the judge cannot be loaded.
        WeightsError: There are no such weights.
    """
    folder = None if name == SHIPPED else Path(name)
    sizes = read_sizes(folder)
    if sizes.face_model != "puppet":
        raise EvaluationError(f"{name} draws {sizes.face_model} heads; truth is known for weights that draw puppets")
    title = SHIPPED if folder is None else folder.resolve().name
    judge = Judge.load()
    model, digest = load_pretrained(folder)
    animator = Animator(model, digest)
    found: dict[str, Collected] = {}
    with tempfile.TemporaryDirectory() as scratch:
        deployment = replace(Deployment.open(Path(scratch)), mark_keys=(_MARK_KEY,))
        for number in range(plan.clips):
            note(number / plan.clips, f"animating puppet {number + 1} of {plan.clips}")
            case = sample_case(plan.seed, number, plan.styles or STYLES, plan.moving, sizes.image_size)
            config = AnimateConfig(mode="absolute", seed=number)
            clip = animator.animate(case.picture, case.params, case.drive, deployment, config=config)
            truth = draw_truth(case, clip.aligned)
            flows = flows_of(truth, case)
            for method, frames in {title: clip.frames, **baselines(case, truth, model.codec)}.items():
                collect(found.setdefault(method, Collected()), case, truth, frames, judge, flows)
    rng = np.random.default_rng(plan.seed)
    gains = differences_of(found[title], {method: found[method] for method in (WARP, COPY)}, rng)
    return tuple(
        EvalReport(
            corpus=f"puppets {plan.seed}",
            detector=method,
            protocol=_protocol(plan),
            seed=plan.seed,
            measures=measures_of(collected, rng, judge_itself=method == TRUTH) + (gains if method == title else ()),
            sealed=False,
            warnings=_warnings(method, title, judge),
            detector_digest=digest if method == title else "",
        )
        for method, collected in found.items()
    )


def write_quality(reports: Sequence[EvalReport], out: Path, command: str) -> EvalRun:
    """Write a results folder: a folder for the generator, each baseline and the truth, and `run.json`.

    Args:
        reports: The reports of `measure_generator`.
        out: The folder.
        command: The command line that made them.
    """
    for report in reports:
        write_report(report, out / folder_of(report.detector))
    run = EvalRun(
        corpus=reports[0].corpus,
        created=now(),
        command=command,
        seed=reports[0].seed,
        environment=(*((name, installed_version(name) or "absent") for name in PACKAGES), ("machine", machine())),
        detectors=tuple(report.detector for report in reports),
        protocol=reports[0].protocol,
    )
    write_run(run, out)
    return run


def _protocol(plan: Plan) -> str:
    styles = ", ".join(plan.styles) if plan.styles else "all styles"
    return (
        f"{plan.clips} puppets of {styles}, each driven by another puppet over {plan.moving} consecutive frames at "
        "12.5 a second; intervals over identities"
    )


def _warnings(method: str, title: str, judge: Judge) -> tuple[str, ...]:
    marked = "the frames carry the mark, as all that leaves the generator; the baselines carry none"
    read = (
        f"shape, expression, pose, gaze, apertures, identity and Fréchet distance are read by the judge "
        f"{judge.digest[:12]}; its own error is that of {TRUTH!r}"
    )
    return (marked, read) if method == title else (read,)
