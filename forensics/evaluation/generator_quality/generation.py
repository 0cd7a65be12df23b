"""Measure a generator against exact truth, on avatars that it never saw."""

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
from generator import AnimateConfig, Animator, GeometryAnimator, load_animator, read_sizes
from generator.avatars import STYLES, Style
from watermark import Deployment

from .cases import COPY, GEOMETRY, LONGEST, TRUTH, baselines, draw_truth, sample_case
from .differences import differences_of
from .measuring import Collected, collect, flows_of, measures_of
from .reading import Reader

SHIPPED = "mini"

EVALUATION_SEED = 9001
"""Seed of the avatars; the shipped generator was not trained with it."""

SIZE = 256
"""Side of the pictures that geometry is measured on; a network is measured at its own size."""

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
        seed: Seed of avatars, motions and bootstrap.

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
            raise EvaluationError(f"no avatar style is called {name!r}; there are {', '.join(STYLES)}")
    return tuple(style for style in STYLES if style in names)


def measure_generator(name: str, plan: Plan, note: Note = lambda *_: None) -> tuple[EvalReport, ...]:
    """Measure a generator: animate unseen avatars by others' motions, and compare every frame with the true one.

    The generator's frames carry a mark, as all its output does. The copy carries none, which favours it.

    Args:
        name: `geometry`, `mini`, or a folder of weights that draw avatars.
        plan: Settings of the measurement.
        note: Progress callback.

    Returns:
        Reports of the generator, of the baselines and of the true frames, in this order. The first report also contains
        the generator's gains over the baselines, the last one the error of what reads the faces.

    Raises:
        EvaluationError: The weights draw another face model.
        WeightsError: There are no such weights.
        ModelFilesError: The networks of the face mesh, which read the faces, are not installed.
    """
    title, size, animators = _animators(name)
    reader = Reader()
    digest = ""
    found: dict[str, Collected] = {}
    with tempfile.TemporaryDirectory() as scratch:
        deployment = replace(Deployment.open(Path(scratch)), mark_keys=(_MARK_KEY,))
        for number in range(plan.clips):
            note(number / plan.clips, f"animating avatar {number + 1} of {plan.clips}")
            case = sample_case(plan.seed, number, plan.styles or STYLES, plan.moving, size)
            config = AnimateConfig(seed=number)
            clips = {
                method: animator.animate(case.picture, case.params, case.drive, deployment, config=config)
                for method, animator in animators.items()
            }
            truth = draw_truth(case, clips[title].aligned)
            flows = flows_of(truth, case)
            digest = clips[title].claim.model_digest or ""
            drawn = {method: clip.frames for method, clip in clips.items()}
            for method, frames in {**drawn, **baselines(case, truth)}.items():
                collect(found.setdefault(method, Collected()), case, truth, frames, reader, flows)
    rng = np.random.default_rng(plan.seed)
    others = {method: collected for method, collected in found.items() if method not in (title, TRUTH)}
    gains = differences_of(found[title], others, rng)
    return tuple(
        EvalReport(
            corpus=f"avatars {plan.seed}",
            detector=method,
            protocol=_protocol(plan),
            seed=plan.seed,
            measures=measures_of(collected, rng) + (gains if method == title else ()),
            sealed=False,
            warnings=_warnings(method, title),
            detector_digest=digest if method == title else "",
        )
        for method, collected in found.items()
    )


def _animators(name: str) -> tuple[str, int, dict[str, Animator | GeometryAnimator]]:
    """Return the generator's title, the side of its pictures, and what draws: a network, and always geometry.

    Raises:
        EvaluationError: The weights draw another face model.
        WeightsError: There are no such weights.
    """
    if name == GEOMETRY:
        return GEOMETRY, SIZE, {GEOMETRY: GeometryAnimator()}
    folder = None if name == SHIPPED else Path(name)
    sizes = read_sizes(folder)
    if sizes.face_model != "arkit":
        raise EvaluationError(f"{name} draws {sizes.face_model} heads; truth is known for weights that draw avatars")
    title = SHIPPED if folder is None else folder.resolve().name
    return title, sizes.image_size, {title: load_animator(folder), GEOMETRY: GeometryAnimator()}


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
        f"{plan.clips} avatars of {styles}, each driven by another avatar over {plan.moving} consecutive frames at "
        "12.5 a second; intervals over identities"
    )


def _warnings(method: str, title: str) -> tuple[str, ...]:
    marked = f"the frames carry the mark, as all that leaves a generator; the {COPY} carries none"
    read = f"landmarks, pose, gaze and apertures are read by the face mesh; its own error is that of {TRUTH!r}"
    return (marked, read) if method == title else (read,)
