"""Run the whole pipeline, from avatars to a report, with embedded defaults.

The demo forges and seals a corpus and takes a shipped detector that has never seen such forgeries. It retrains a copy
on forgeries of the training identities, and scores the test identities with both. It then measures distortions,
compares marked with unmarked genuine samples, and reads every output back.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from detectors import TrainConfig, TrainingSource, detector_folder, load_detector
from forensics.corpus import Corpus, Sample, Slice, Split, check_corpus
from forensics.errors import CorpusError
from forensics.evaluation import Measure, find_protocol
from forensics.evaluation.probes import probe_metadata
from forensics.evaluation.robustness import CELLS, GridRun, measure_grid
from forensics.evaluation.run import (
    Evaluated,
    Settings,
    compare_evaluated,
    evaluate_corpus,
    measure_control,
    write_results,
)
from forensics.execution.progress import Report, silent, subrange
from forensics.execution.stages import Stage, StageClock
from forensics.reporting import ProvenanceRow, ScoredTest, StageTime, Trail, Written, keep_failures, write_report
from forensics.synthesis.plan import SynthesisConfig
from forensics.synthesis.rendering import Forger
from forensics.synthesis.synthesize import synthesize
from forensics.training.run_settings import TrainingRun
from forensics.training.train import save_trained, train_on
from watermark import CredentialState, Deployment, read_provenance

from .gallery import write_gallery

SYNTHESIZE, RETRAIN, SCORE, DISTORT, READ_BACK, EXPLAIN = (
    "forge and seal",
    "retrain on forgeries",
    "score the test split",
    "distort and score",
    "read everything back",
    "explain and compare",
)
RESULTS = "evaluation"
TITLES = {
    "before": "before: as it is shipped",
    "after": "after: retrained on forgeries",
}
STAGES = (
    Stage(SYNTHESIZE, 200.0),
    Stage(RETRAIN, 105.0),
    Stage(SCORE, 35.0),
    Stage(DISTORT, 35.0),
    Stage(READ_BACK, 6.0),
    Stage(EXPLAIN, 45.0),
)


@dataclass(frozen=True, slots=True)
class DemoConfig:
    """Sizes of the demo, chosen to end within six minutes on two cores.

    Attributes:
        corpus: The corpus to make; its seed is the demo's.
        detector: The trained detector to begin with: its name if it ships with weights, or its folder.
        per_clip: Crops of a clip for training and scoring.
        training: Settings of the training; its seed is the demo's.
        distortions: Distortions of the robustness grid.
        severities: Severities of the robustness grid.
        distorted_per_clip: Frames of a clip in the grid.
        gallery: Forgeries shown in the report.
        replicates: Replicates of every bootstrap.
    """

    corpus: SynthesisConfig = field(default_factory=SynthesisConfig)
    detector: str = "photo"
    per_clip: int = 8
    training: TrainConfig = field(default_factory=TrainConfig)
    distortions: tuple[str, ...] = ("jpeg", "h264", "blur", "resize", "noise")
    severities: tuple[int, ...] = (1, 2, 3)
    distorted_per_clip: int = 4
    gallery: int = 4
    replicates: int = 400


def demo_config(seed: int) -> DemoConfig:
    """Return the demo's sizes with one seed for everything.

    Args:
        seed: The seed.
    """
    corpus = SynthesisConfig(seed=seed, identities=28, clips=1, stills=1, frames=12)
    training = TrainConfig(seed=seed, epochs=3, batch_size=16, learning_rate=2e-4)
    return DemoConfig(corpus=corpus, training=training)


@dataclass(frozen=True, slots=True)
class DemoResult:
    """The result of the demo.

    Attributes:
        written: The report.
        trail: What the report shows in addition to the measures.
    """

    written: Written
    trail: Trail


def run_demo(
    out: Path, config: DemoConfig, forger: Forger, deployment: Deployment, report: Report = silent
) -> DemoResult:
    """Run the demo and write corpus, detectors, measures and report to a folder.

    Args:
        out: The results folder; a corpus that an interrupted run left there is continued.
        config: Sizes and seed.
        forger: Forger of the generated samples.
        deployment: The deployment whose mark and signature they carry; it also signs the report.
        report: Progress callback.

    Raises:
        CorpusError: The corpus did not pass its check.
    """
    out.mkdir(parents=True, exist_ok=True)
    results = out / RESULTS
    command = f"facetrail demo --out {out} --seed {config.corpus.seed}"
    settings = Settings(
        protocol=find_protocol("cross"),
        per_clip=config.per_clip,
        seed=config.corpus.seed,
        replicates=config.replicates,
        command=command,
    )
    clock = StageClock(STAGES, report)
    with clock.stage(SYNTHESIZE) as step:
        corpus = synthesize(out / "corpus", config.corpus, forger, deployment, subrange(step, 0.0, 0.98))
        refuse_unsound(corpus)
    with clock.stage(RETRAIN) as step:
        shutil.copytree(detector_folder(config.detector), out / "detectors" / "before", dirs_exist_ok=True)
        _retrain(corpus, config, out / "detectors" / "after", step)
    with clock.stage(SCORE) as step:
        folders = [str(out / "detectors" / name) for name in TITLES]
        done = evaluate_corpus(corpus, folders, settings, out=results, report=step)
    with clock.stage(DISTORT) as step:
        done = tuple(
            _distort(one, config, subrange(step, place / len(done), (place + 1) / len(done)))
            for place, one in enumerate(done)
        )
    with clock.stage(READ_BACK) as step:
        provenance = read_back(out, corpus, deployment, step)
    with clock.stage(EXPLAIN):
        for one in done:
            _keep_failures(one, results)
        write_results((*done, *_probe(done)), compare_evaluated(done, settings), settings, results)
        gallery = write_gallery(out, corpus, config.corpus, config.gallery)
    times = tuple(StageTime(name, seconds) for name, seconds in clock.seconds.items())
    trail = Trail(
        title="What a detector learns from the forgeries it is shown",
        summary=summarise(corpus, provenance),
        command=command,
        titles=tuple(TITLES.items()),
        gallery=gallery,
        provenance=provenance,
        stages=times,
    )
    trail.save(out)
    return DemoResult(write_report(out, deployment), trail)


def summarise(corpus: Corpus, provenance: Sequence[ProvenanceRow]) -> str:
    """Return a paragraph that summarises the demo."""
    tested = corpus.where(split=Split.TEST)
    identities = len({name for sample in tested for name in sample.identities})
    return (
        f"Avatars were animated across identities; every output was marked and signed, {len(provenance)} files in all. "
        f"A shipped detector that had never seen such forgeries scored {len(tested)} clips and stills of {identities} "
        "unseen identities; retrained on forgeries of other identities, it scored the same files again."
    )


def refuse_unsound(corpus: Corpus) -> None:
    """Check that no problem of the corpus makes its results worthless.

    Raises:
        CorpusError: The corpus did not pass its check; the message names the first problem.
    """
    complaints = check_corpus(corpus)
    if complaints:
        first = complaints[0]
        raise CorpusError(f"{corpus.root}: {first.message}; {len(complaints)} complaint(s) in all", corpus.root)


def read_back(root: Path, corpus: Corpus, deployment: Deployment, report: Report = silent) -> tuple[ProvenanceRow, ...]:
    """Read mark and credential of every sealed file of a corpus from disk.

    Args:
        root: Folder that paths are shown relative to.
        corpus: The corpus.
        deployment: The deployment whose key and root certificate are used.
        report: Progress callback.
    """
    sealed = [sample for sample in corpus.samples if sample.mark_id is not None]
    rows: list[ProvenanceRow] = []
    for number, sample in enumerate(sealed):
        report(number / len(sealed), "reading marks and credentials back")
        rows.append(_read_one(root, corpus, sample, deployment))
    return tuple(rows)


def _read_one(root: Path, corpus: Corpus, sample: Sample, deployment: Deployment) -> ProvenanceRow:
    path = corpus.file(sample)
    found = read_provenance(path, deployment)
    wanted = "control" if sample.slice is Slice.CONTROL else "generated"
    mark_id = None if found.mark is None else found.mark.id
    kind = None if found.mark is None or found.mark.kind is None else found.mark.kind.value
    intact = found.credential.state is CredentialState.TRUSTED
    return ProvenanceRow(
        file=path.relative_to(root).as_posix(),
        sha256=sample.sha256,
        mark_id=mark_id,
        kind=kind,
        state=found.credential.state.value,
        as_sealed=intact and (mark_id, kind) == (sample.mark_id, wanted),
    )


def _retrain(corpus: Corpus, config: DemoConfig, folder: Path, report: Report) -> None:
    start = detector_folder(config.detector)
    run = TrainingRun(
        load_detector(start).spec.name, TrainingSource.FORGED, config.per_clip, config.training, start=start
    )
    detector, log = train_on(corpus, run, report=report)
    save_trained(detector, log, run, corpus, folder)


def _distort(one: Evaluated, config: DemoConfig, report: Report) -> Evaluated:
    """Add the robustness grid and the control slice to the results."""
    if one.detector is None or one.corpus is None or one.table is None or one.report.threshold is None:
        return one
    clips = [sample for sample in one.samples if sample.slice is Slice.MAIN and not sample.is_still]
    run = GridRun(
        one.detector,
        one.corpus,
        tuple(clips),
        one.report.detector_digest,
        seed=one.settings.seed,
        per_clip=config.distorted_per_clip,
        lead=0,
        folder=None if one.folder is None else one.folder / CELLS,
    )
    grid = measure_grid(
        run,
        [(name, severity) for name in config.distortions for severity in config.severities],
        threshold=one.report.threshold,
        replicates=config.replicates,
        report=report,
    )
    control = measure_control(one.table, one.corpus, seed=one.settings.seed)
    measures: tuple[Measure, ...] = (*one.report.measures, *grid.cells, *control)
    return replace(one, report=replace(one.report, measures=measures))


def _keep_failures(one: Evaluated, results: Path) -> None:
    test = ScoredTest.of(one)
    if test is not None:
        keep_failures(test, one.folder or results / one.report.detector)


def _probe(done: Sequence[Evaluated]) -> tuple[Evaluated, ...]:
    """Measure what file size, dimensions and quality alone reveal."""
    first = done[0]
    if first.corpus is None:
        return ()
    settings = first.settings
    found = probe_metadata(first.corpus, seed=settings.seed, replicates=settings.replicates)
    return (replace(first, report=found.report(first.report.corpus, settings.seed), table=None, detector=None),)
